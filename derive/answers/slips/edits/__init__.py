"""The edits by which a likely slip may be undone, one kind a file."""
