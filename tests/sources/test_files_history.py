"""What was read is not read again; what changed is, and a refusal is replaced as soon as it can be."""

from files_shop import Shop, rows_of

FIRST, SECOND, BROKEN = "order_id\n1\n", "order_id\n2\n", "order_id\n1,2\n"


def test_the_same_content_is_not_loaded_twice(shop: Shop) -> None:
    path = shop.write("orders.csv", FIRST)
    shop.load()
    path.touch()
    assert shop.extract() is None
    assert len(shop.lake.raw_loads("shop", "orders")) == 1


def test_changed_content_is_a_new_load_of_the_whole_file(shop: Shop) -> None:
    shop.write("orders.csv", FIRST)
    shop.load()
    shop.write("orders.csv", FIRST + "2\n")
    assert shop.rows() == [("1",), ("2",)]


def test_content_that_comes_back_is_loaded_again(shop: Shop) -> None:
    for content in (FIRST, SECOND, FIRST):
        shop.write("orders.csv", content)
        shop.load()
    loads = shop.lake.raw_loads("shop", "orders")
    assert [rows_of(load) for load in loads] == [[("1",)], [("2",)], [("1",)]]


def test_a_renamed_file_is_nothing_new(shop: Shop) -> None:
    path = shop.write("orders/a.csv", FIRST)
    shop.load()
    path.rename(path.with_name("b.csv"))
    assert shop.extract() is None


def test_only_the_new_file_of_a_folder_is_loaded(shop: Shop) -> None:
    shop.write("orders/a.csv", FIRST)
    shop.load()
    shop.write("orders/b.csv", SECOND)
    assert shop.rows() == [("2",)]


def test_other_reading_options_are_a_new_load_each_time_they_change(shop: Shop) -> None:
    shop.write("orders.csv", FIRST)
    shop.load()
    shop.configure(encoding="iso-8859-1")
    shop.load()
    assert shop.extract() is None
    shop.configure()
    shop.load()


def test_the_same_unreadable_content_is_refused_once(shop: Shop) -> None:
    shop.write("orders.csv", BROKEN)
    shop.refusal()
    assert shop.extract() is None


def test_a_mended_file_replaces_its_refusal(shop: Shop) -> None:
    shop.write("orders.csv", BROKEN)
    shop.refusal()
    shop.write("orders.csv", FIRST)
    assert shop.rows() == [("1",)]


def test_a_file_that_returns_to_what_was_read_replaces_its_refusal(shop: Shop) -> None:
    shop.write("orders.csv", FIRST)
    shop.load()
    shop.write("orders.csv", BROKEN)
    shop.refusal()
    shop.write("orders.csv", FIRST)
    assert shop.rows() == [("1",)]
    assert shop.extract() is None


def test_the_good_file_of_a_refused_batch_comes_with_the_mended_one(shop: Shop) -> None:
    shop.write("orders/a.csv", FIRST)
    shop.write("orders/b.csv", BROKEN)
    shop.refusal()
    assert shop.extract() is None
    shop.write("orders/b.csv", SECOND)
    assert shop.rows() == [("1",), ("2",)]


def test_removing_the_bad_file_replaces_its_refusal(shop: Shop) -> None:
    shop.write("orders/a.csv", FIRST)
    shop.load()
    bad = shop.write("orders/b.csv", BROKEN)
    shop.refusal()
    bad.unlink()
    assert shop.rows() == [("1",)]
    assert shop.extract() is None


def test_a_missing_file_that_appears_replaces_its_refusal(shop: Shop) -> None:
    shop.configure(file="o.csv")
    assert "o.csv is missing" in shop.refusal()
    path = shop.write("o.csv", FIRST)
    assert shop.rows() == [("1",)]
    path.unlink()
    assert "o.csv is missing" in shop.refusal()
    shop.write("o.csv", FIRST)
    assert shop.rows() == [("1",)]


def test_an_emptied_inbox_is_nothing_new(shop: Shop) -> None:
    shop.configure(file="inbox/*.csv")
    path = shop.write("inbox/a.csv", FIRST)
    shop.load()
    path.unlink()
    assert shop.extract() is None


def test_stating_the_encoding_replaces_the_refusal(shop: Shop) -> None:
    shop.write("customers.csv", "customer_id,full_name\n1,Renée\n".encode("cp1252"))
    shop.refusal("customers")
    shop.configure("customers", encoding="cp1252")
    assert shop.rows("customers") == [("1", "Renée")]
