"""A person's formulas against a derivation: verdicts, proofs, counterexamples."""
