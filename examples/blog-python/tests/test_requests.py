import unittest
from typing import Any

from blog.problems import CodedError
from blog.requests import (
    POST_BODY,
    check_head,
    check_id,
    check_idempotency_key,
    check_if_match,
    check_media_type,
    check_page,
    checked,
    parse_json,
)


class Requests(unittest.TestCase):
    def refused(self, code: str, call: Any, *args: Any) -> CodedError:
        with self.assertRaises(CodedError) as caught:
            call(*args)
        self.assertEqual(caught.exception.code, code)
        return caught.exception

    def test_every_problem_of_a_body_is_reported_with_its_pointer(self) -> None:
        error = self.refused("VALIDATION_FAILED", checked, {"title": 7, "a/b~": 1}, POST_BODY)
        paths = [each["path"] for each in error.violations or []]
        self.assertEqual(paths, ["/title", "/text", "/a~1b~0"])
        for document in (None, [], "text"):
            self.refused("VALIDATION_FAILED", checked, document, POST_BODY)

    def test_text_is_trimmed(self) -> None:
        self.assertEqual(checked({"title": " a ", "text": "b\n"}, POST_BODY), {"title": "a", "text": "b"})

    def test_only_json_in_utf8_is_parsed(self) -> None:
        for body in (b"{", b'{"a":NaN}', b'{"a":Infinity}', b'"\xff"', b"[" * 100_000):
            self.refused("MALFORMED_REQUEST", parse_json, body)
        self.assertIsNone(parse_json(b""))

    def test_media_types(self) -> None:
        for good in ("application/json", "Application/JSON; charset=UTF-8", 'application/x+json; charset="utf-8"'):
            check_media_type(good, None)
        for bad in (None, "text/plain", "application/json; charset=latin1", "application/jsonx"):
            self.refused("UNSUPPORTED_MEDIA_TYPE", check_media_type, bad, None)
        self.refused("UNSUPPORTED_MEDIA_TYPE", check_media_type, "application/json", "gzip")

    def test_pages(self) -> None:
        self.assertEqual(check_page(""), (20, None))
        self.assertEqual(check_page("limit=100&cursor=a%2Bb"), (100, "a+b"))
        for query in ("limit=0", "limit=101", "limit=01", "limit=1e1", "limit=+5", "limit=5&limit=5", "x=1", "limit="):
            self.refused("VALIDATION_FAILED", check_page, query)

    def test_ids(self) -> None:
        self.assertEqual(check_id("postId", "01A220C2-B925-7F67-AD2D-AD31D4EC6B94")[:8], "01a220c2")
        for bad in ("7", "01a220c2-b925-9f67-ad2d-ad31d4ec6b94", "01a220c2-b925-7f67-ad2d-ad31d4ec6b94\n"):
            self.refused("VALIDATION_FAILED", check_id, "postId", bad)

    def test_idempotency_keys(self) -> None:
        self.assertEqual(check_idempotency_key("k" * 128), "k" * 128)
        self.refused("IDEMPOTENCY_KEY_REQUIRED", check_idempotency_key, None)
        for bad in ("k" * 129, "a, b", "ü", "a\n"):
            self.refused("IDEMPOTENCY_KEY_INVALID", check_idempotency_key, bad)

    def test_if_match(self) -> None:
        self.assertIsNone(check_if_match("*"))
        self.assertEqual(check_if_match('"3", W/"4", "x"'), [3])
        self.assertEqual(check_if_match('W/"3"'), [])
        self.refused("IF_MATCH_REQUIRED", check_if_match, " ")
        for bad in ("3", '"3', '"3" "4"'):
            self.refused("MALFORMED_REQUEST", check_if_match, bad)

    def test_the_head_of_a_request(self) -> None:
        good = {"REQUEST_METHOD": "GET", "causeway.target": "/v1/posts", "HTTP_HOST": "x:1", "SERVER_PROTOCOL": "HTTP/1.1"}
        check_head(good)
        for code, change in [
            ("METHOD_NOT_IMPLEMENTED", {"REQUEST_METHOD": "BREW"}),
            ("URI_TOO_LONG", {"causeway.target": "/" + "a" * 9_000}),
            ("HEADERS_TOO_LARGE", {"causeway.head_bytes": 20_000}),
            ("MALFORMED_REQUEST", {"HTTP_HOST": None}),
            ("MALFORMED_REQUEST", {"HTTP_HOST": "a, b"}),
            ("MALFORMED_REQUEST", {"causeway.target": "/%ff"}),
            ("MALFORMED_REQUEST", {"causeway.target": "/%4"}),
            ("EXPECTATION_FAILED", {"HTTP_EXPECT": "tea"}),
            ("NOT_FOUND", {"causeway.target": "//v1/posts"}),
        ]:
            self.refused(code, check_head, {**good, **change})
