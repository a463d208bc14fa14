from tools import operations


def test_the_page_is_what_the_code_does() -> None:
    with operations.caller() as caller:
        text = operations.page(caller)
    assert operations.PAGE.read_text(encoding="utf-8") == text, "run: python tools/operations.py"


def test_the_smallest_input() -> None:
    known = operations.model.load("elbv2")
    assert operations.smallest(known, "DescribeTargetGroups") == {}
    assert operations.smallest(known, "AddTags") == {"ResourceArns": ["x"], "Tags": [{"Key": "x"}]}
    assert operations.smallest(known, "SetIpAddressType") == {"LoadBalancerArn": "x", "IpAddressType": "ipv4"}
