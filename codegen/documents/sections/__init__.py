"""The sections of a document, one a file."""
