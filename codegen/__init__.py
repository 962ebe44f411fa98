"""Everything that is written out: code, formulas, documents, and the command."""
