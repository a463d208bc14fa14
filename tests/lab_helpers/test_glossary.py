import csv

from lab_helpers.glossary import FILE, entries, look_up

# The words that the lecture notes use and a beginner may not know.
OF_THE_NOTES = """
Docker; container; image; Docker Hub; repository; ECR; ECR Public Gallery; base image; compatibility; microservices;
lift and shift; virtual machine; virtualization; host; Dockerfile; ECS; EKS; Fargate; serverless; cluster; task;
launch type; EC2 instance; provision; infrastructure; ECS agent; task definition; vCPU; instance profile; API;
CloudWatch; log group; secret; Secrets Manager; Parameter Store; IAM role; task role; load balancer; ALB; NLB;
Classic Load Balancer; throughput; PrivateLink; EFS; mount; volume; Availability Zone; S3; file system;
Amazon Linux 2023; service; revision; desired count; security group; inbound rule; public IP address; target group;
DNS name; service auto scaling; Application Auto Scaling; CPU utilization; memory utilization;
request count per target; metric; alarm; target tracking; step scaling; scheduled scaling; Auto Scaling group;
capacity provider; EventBridge; rule; schedule; SQS; message queue; SNS; stopped task; registry; IAM; policy; scan;
vulnerability; image tag; lifecycle policy; Kubernetes; open source; pod; on premises; cloud-agnostic; region;
Container Insights; node; managed node group; self-managed node; On-Demand Instance; Spot Instance; AMI;
EKS optimized AMI; StorageClass; CSI; CSI driver; EBS; FSx for Lustre; FSx for NetApp ONTAP; cluster role; node role;
App Runner; source code; highly available; encryption; VPC; VPC connector; cache
"""


def test_the_words_of_the_notes_are_all_there() -> None:
    words = [word.strip() for word in OF_THE_NOTES.split(";")]
    assert look_up(*words).unknown == ()


def test_every_entry_is_complete_and_there_once() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["term"].strip() and row["vietnamese"].strip() and row["explanation"].strip() for row in rows)
    assert all(len(row) == 3 for row in rows), "a comma outside quotes makes a fourth column"
    terms = [row["term"].casefold() for row in rows]
    assert len(terms) == len(set(terms))


def test_explanations_are_sentences() -> None:
    assert [entry.term for entry in entries() if not entry.explanation.endswith(".")] == []


def test_a_word_is_found_in_any_case_plural_or_language() -> None:
    assert look_up("draining").entries[0].vietnamese == "rút dần kết nối"
    assert [entry.term for entry in look_up("Target Groups", "CỤM").entries] == ["target group", "cluster"]


def test_an_unknown_word_is_no_error_and_offers_others() -> None:
    answer = look_up("drainning")
    assert "Did you mean draining" in str(answer)
    assert "lab.glossary() lists every word" in str(look_up("zzzz"))


def test_without_a_word_the_whole_glossary() -> None:
    assert len(look_up().entries) == len(entries())


def test_a_notebook_gets_text_and_html() -> None:
    bundle = look_up("task", "<b>")._repr_mimebundle_()
    assert bundle["text/plain"].startswith("task (tác vụ): ")
    assert '<td lang="vi"' in bundle["text/html"]
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
