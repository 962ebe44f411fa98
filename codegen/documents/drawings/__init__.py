"""Networks, tensors and descents as drawings, in SVG, TikZ and text."""
