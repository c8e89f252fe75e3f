//! Is this unusual, and is it still going on? Pure, and no async at all.
