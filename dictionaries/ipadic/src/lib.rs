//! IPADIC inside the binary: nothing to install, nothing to download, loaded in a millisecond.
//!
//! A crate of its own so that editing Hinomi never compiles the dictionary again.
#![expect(missing_docs, reason = "the loader comes from lindera's macro, which writes no documentation")]

lindera_dictionary::embedded_dictionary!("/lindera-ipadic", EmbeddedIPADICLoader);
