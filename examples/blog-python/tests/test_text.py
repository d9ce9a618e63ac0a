import unittest

from blog.text import problems_of_line, problems_of_paragraph, trimmed


class Text(unittest.TestCase):
    def test_lengths_are_code_points(self) -> None:
        self.assertEqual(problems_of_paragraph("🌊" * 10, 10), [])
        self.assertEqual(problems_of_paragraph("🌊" * 11, 10), ["expected at most 10 characters"])

    def test_what_postgresql_cannot_store_is_refused(self) -> None:
        for text in ("a\0b", "half \ud83c", "\udf0a other half"):
            self.assertIn("U+0000", problems_of_paragraph(text, 100)[0])

    def test_invisible_and_disguising_characters_are_refused(self) -> None:
        self.assertTrue(problems_of_paragraph("a\x07b", 100))
        self.assertTrue(problems_of_paragraph("a\u202eb", 100))
        for empty in ("", "\u200b\u2060", "\u3164"):
            self.assertTrue(problems_of_paragraph(empty, 100), repr(empty))
        self.assertEqual(problems_of_paragraph("שלום\u200f", 100), [])

    def test_a_line_has_no_line_break_and_a_paragraph_may(self) -> None:
        self.assertEqual(problems_of_paragraph("a\nb\tc", 100), [])
        for text in ("a\nb", "a\tb", "a\u2028b"):
            self.assertIn("must be a single line", problems_of_line(text, 100))

    def test_trims_what_javascript_trims(self) -> None:
        self.assertEqual(trimmed(" \ufeff\u00a0\u2003x\r\n"), "x")
        # `str.strip()` without an argument would remove this one, and hide a control character.
        self.assertEqual(trimmed("\x1cx"), "\x1cx")
