//! Reads what other people's JSON says, however they write it: numbers as texts, null for nothing, fields that came
//! and went. What cannot be read is absent, never a mistake of the whole page.

use serde_json::Value;

use super::html;
use crate::model::{limits, time::Timestamp};

/// The value at `path`, which names fields one within the other; absent where one is missing or null. The empty path
/// is the value itself.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(value, |value, name| value.get(name))
        .filter(|value| !value.is_null())
}

/// The list at `path`; empty where there is none.
pub(super) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text that says something.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    at(value, path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A name: a text, or a number that somebody took for one. One that is too long is none, for cut it could be another.
pub(super) fn name(value: &Value, path: &str) -> Option<String> {
    let name = match at(value, path)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!name.is_empty() && name.len() <= limits::FIELD_BYTES && !name.chars().any(char::is_whitespace)).then_some(name)
}

/// How many: a number, or a text that is one.
pub(super) fn count(value: &Value, path: &str) -> Option<u64> {
    match at(value, path)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A point in time in the form of RFC 3339.
pub(super) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text(value, path)?)
}

/// A short text in one line, within the bounds of a field.
pub(super) fn field(value: &Value, path: &str) -> Option<String> {
    let line = html::one_line(text(value, path)?);
    Some(html::cut(&line, limits::FIELD_BYTES).to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_as_texts_and_texts_as_numbers() {
        let value = json!({"a": {"views": "3456", "likes": 12, "hidden": null, "odd": [1]}, "id": 7, "name": " x "});
        assert_eq!((count(&value, "a.views"), count(&value, "a.likes")), (Some(3456), Some(12)));
        for nothing in ["a.hidden", "a.odd", "a.gone", "a.views.deeper", "name"] {
            assert_eq!(count(&value, nothing), None, "{nothing}");
        }
        assert_eq!((name(&value, "id").as_deref(), name(&value, "name").as_deref()), (Some("7"), Some("x")));
        assert_eq!(name(&json!({"id": "a b"}), "id"), None);
        assert!(list(&value, "a.odd").len() == 1 && list(&value, "a").is_empty());
    }
}
