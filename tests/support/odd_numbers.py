"""Texts that look like whole numbers to some, and are none that a user may write."""

ODD = ("²", "٣", "9" * 5000, "1.0", "-1", "+1", "1_0", " 1", "")
