"""What an equation means: an interpreter over any number system."""
