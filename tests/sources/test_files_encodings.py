"""Text is decoded by its mark, as UTF-8, as what is stated or certain; otherwise it is refused."""

import codecs

import pytest
from files_shop import Shop

CHINESE = "customer_id,full_name\nC1,张三\nC2,欧阳娜娜\n"
TRADITIONAL = "customer_id,full_name\nC1,張學友\nC2,歐陽娜娜\n"
GERMAN = "customer_id,full_name\nC1,Jürgen Müller aus Köln\nC2,Weiß und Söhne in München\n"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (CHINESE, CHINESE.encode()),
        (CHINESE, codecs.BOM_UTF8 + CHINESE.encode()),
        (CHINESE, codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le")),
        (CHINESE, codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be")),
        (CHINESE, CHINESE.encode("gb18030")),
        (TRADITIONAL, TRADITIONAL.encode("big5")),
        (GERMAN, GERMAN.encode("cp1252")),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16-le", "utf-16-be", "gb18030", "big5", "cp1252"],
)
def test_an_encoding_that_is_certain_is_found(shop: Shop, text: str, content: bytes) -> None:
    shop.write("customers.csv", content)
    assert shop.rows("customers") == [tuple(line.split(",")) for line in text.splitlines()[1:]]


@pytest.mark.parametrize("encoding", ["gbk", "gb2312", "iso-8859-1", "big5", "utf-16", "shift_jis", "UTF-8"])
def test_a_stated_encoding_is_followed(shop: Shop, encoding: str) -> None:
    name = "Hélène" if encoding == "iso-8859-1" else "中文"
    shop.write("customers.csv", f"customer_id,full_name\nC1,{name}\n".encode(encoding))
    shop.configure("customers", file="customers.csv", encoding=encoding)
    assert shop.rows("customers") == [("C1", name)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("René", "cp1252"), ("Růžička", "cp1250"), ("Иван Петров", "cp1251"), ("김철수 서울특별시", "euc_kr")],
)
def test_an_encoding_that_is_not_certain_is_asked_for(shop: Shop, text: str, encoding: str) -> None:
    shop.write("customers.csv", f"customer_id,full_name\nC1,{text}\n".encode(encoding))
    assert "its encoding is not certain; state `encoding`" in shop.refusal("customers")


def test_other_bytes_than_stated_are_refused_with_their_place(shop: Shop) -> None:
    shop.write("customers.csv", b"customer_id,full_name\nC1,Anna\nC2,Ren\xe9,\n")
    shop.configure("customers", file="customers.csv", encoding="utf-16-le")
    shop.refusal("customers")
    shop.write("customers.csv", "customer_id,full_name\nC1,张\n".encode("gbk") + b"C2,\xff\n")
    shop.configure("customers", file="customers.csv", encoding="gbk")
    assert "is not gb18030: byte 31 (line 3) cannot be decoded" in shop.refusal("customers")


def test_the_place_is_right_beyond_the_first_block(shop: Shop) -> None:
    line = "1,张\n".encode("gbk")
    shop.write("customers.csv", b"customer_id,n\n" + line * 400_000 + b"2,\xff\n")
    shop.configure("customers", file="customers.csv", encoding="gb18030")
    place = 14 + len(line) * 400_000 + 2
    assert f"byte {place} (line 400002)" in shop.refusal("customers")


def test_a_late_byte_that_is_not_utf8_changes_the_whole_reading(shop: Shop) -> None:
    rows = "".join(f"C{number},plain\n" for number in range(200_000))
    shop.write("customers.csv", ("customer_id,full_name\n" + rows + "X,欧阳娜娜\n").encode("gb18030"))
    assert shop.rows("customers")[-1] == ("X", "欧阳娜娜")


def test_an_unknown_encoding_is_refused(shop: Shop) -> None:
    shop.write("customers.csv", CHINESE)
    for encoding in ("klingon", "base64"):
        shop.configure("customers", file="customers.csv", encoding=encoding)
        assert f"there is no encoding '{encoding}'" in shop.refusal("customers")


def test_utf16_without_a_mark_is_refused_with_the_remedy(shop: Shop) -> None:
    shop.write("customers.csv", "customer_id,full_name\nC1,Anna\n".encode("utf-16-le"))
    assert "state `encoding: utf-16-le`" in shop.refusal("customers")
