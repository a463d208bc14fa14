from lab_cloud.network.addresses import AddressBook


def test_a_port_is_found_until_its_address_is_removed() -> None:
    book = AddressBook()
    book.add("10.0.0.5", 80, 41000)
    book.add("10.0.0.5", 9000, 41001)
    book.add("10.0.0.6", 80, 41002)
    assert book.lookup("10.0.0.5", 80) == 41000
    assert book.lookup("10.0.0.5", 81) is None
    book.remove("10.0.0.5")
    assert book.lookup("10.0.0.5", 80) is None
    assert book.lookup("10.0.0.5", 9000) is None
    assert book.lookup("10.0.0.6", 80) == 41002


def test_one_port_of_an_instance_can_be_removed() -> None:
    book = AddressBook()
    book.add("i-1", 32768, 41000)
    book.add("i-1", 32769, 41001)
    book.remove("i-1", 32768)
    assert book.lookup("i-1", 32768) is None
    assert book.lookup("i-1", 32769) == 41001
    book.clear()
    assert book.lookup("i-1", 32769) is None
