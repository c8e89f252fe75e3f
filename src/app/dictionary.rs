//! The dictionary inside the binary, ready to tokenize. The only file that knows `hinomi_ipadic`.

use std::sync::Arc;

use anyhow::Context;
use lindera::dictionary::DictionaryBuilder;

use crate::analyze::{Tokenize, lindera::LinderaTokenizer};

/// Names that the tokenizer shall keep whole.
const BRANDS: &str = include_str!("../../dictionaries/user/brands.csv");

/// A tokenizer over the embedded IPADIC and the brand names. Loads in milliseconds.
pub fn tokenizer() -> anyhow::Result<Arc<dyn Tokenize>> {
    let dictionary = hinomi_ipadic::load().context("the embedded dictionary cannot be read")?;
    let user = DictionaryBuilder::new((*dictionary.metadata).clone())
        .build_user_dict_from_reader(BRANDS.as_bytes())
        .context("dictionaries/user/brands.csv cannot be read")?;
    Ok(Arc::new(LinderaTokenizer::new(dictionary, Some(user))))
}
