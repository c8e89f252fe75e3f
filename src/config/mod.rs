//! From what a person wrote to what the program means.
