"""The main job on real data: derivation, module, checks, training and pictures."""
