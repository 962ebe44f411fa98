"""The lower half of an emitted module, as ordinary Python over `stand_in`."""
