"""The formats in which a document is written: LaTeX, PDF, HTML, Markdown, plain text."""
