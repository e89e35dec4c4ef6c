"""Why models say what they say of a text, and whether they say it of everybody alike."""
