//! Reads Rust source as far as the rules need it: which paths a file names outside its tests.
//!
//! Not a parser: comments, strings and `#[cfg(test)]` items are dropped, and what looks like a path is one.

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

/// A path as it was written, every branch of a `use` on its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) line: usize,
    pub(super) words: Vec<String>,
}

/// All paths in `text`, which is the module `module` (`["alert", "email"]`), `self` and `super` resolved: paths of
/// our own begin with `crate`.
pub(super) fn paths(text: &str, module: &[&str]) -> Vec<Found> {
    let tokens = without_tests(&tokens(text));
    let (mut found, mut inline, mut depth, mut i) = (Vec::new(), Vec::<(usize, String)>::new(), 0, 0);
    while i < tokens.len() {
        let after = |n: usize| tokens.get(i + n).map(|(_, t)| t);
        match &tokens[i].1 {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                inline.retain(|(d, _)| *d != depth);
                depth -= 1;
            }
            Token::Word(word) if word == "mod" => {
                if let (Some(Token::Word(name)), Some(Token::Sign('{'))) = (after(1), after(2)) {
                    inline.push((depth + 1, name.clone()));
                }
            }
            Token::Word(word) => {
                let within_path = i > 0 && tokens[i - 1].1 == Token::Colons;
                let imported = i > 0 && tokens[i - 1].1 == Token::Word("use".into());
                if !within_path && (imported || after(1) == Some(&Token::Colons)) && word != "use" {
                    let mut here: Vec<String> = module.iter().map(ToString::to_string).collect();
                    here.extend(inline.iter().map(|(_, name)| name.clone()));
                    i = branch(&tokens, i, &[], &here, &mut found);
                    continue;
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Follows one branch of a path from token `i` on, and gives the token behind it.
fn branch(tokens: &[(usize, Token)], mut i: usize, stem: &[String], here: &[String], found: &mut Vec<Found>) -> usize {
    let line = tokens[i].0;
    let mut words = stem.to_vec();
    while let Some((_, token)) = tokens.get(i) {
        match token {
            Token::Word(word) => words.push(word.clone()),
            Token::Sign('{') if !words.is_empty() => {
                i += 1;
                while let Some((_, token)) = tokens.get(i) {
                    match token {
                        Token::Sign('}') => return i + 1,
                        Token::Word(_) => i = branch(tokens, i, &words, here, found),
                        _ => i += 1,
                    }
                }
                return i;
            }
            _ => break,
        }
        i += 1;
        if tokens.get(i).map(|(_, t)| t) != Some(&Token::Colons) {
            break;
        }
        i += 1;
    }
    found.push(Found { line, words: resolved(words, here) });
    // `use a::b as c` names nothing further.
    if tokens.get(i).map(|(_, t)| t) == Some(&Token::Word("as".into())) { i + 2 } else { i }
}

fn resolved(words: Vec<String>, here: &[String]) -> Vec<String> {
    let mut base = match words.first().map(String::as_str) {
        Some("self" | "super") => here.to_vec(),
        _ => return words,
    };
    let mut rest = words.as_slice();
    while let Some((first, more)) = rest.split_first() {
        match first.as_str() {
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = more;
    }
    [&["crate".to_owned()], base.as_slice(), rest].concat()
}

/// Drops every item under `#[cfg(test)]`.
fn without_tests(tokens: &[(usize, Token)]) -> Vec<(usize, Token)> {
    let mark: Vec<Token> = "#[cfg(test)]".chars().fold(Vec::new(), |mut mark, c| {
        match (mark.last_mut(), c.is_alphabetic()) {
            (Some(Token::Word(word)), true) => word.push(c),
            (_, true) => mark.push(Token::Word(c.into())),
            _ => mark.push(Token::Sign(c)),
        }
        mark
    });
    let (mut kept, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        if tokens[i..].iter().map(|(_, t)| t).take(mark.len()).eq(mark.iter()) {
            let mut depth = 0;
            i += mark.len();
            while let Some((_, token)) = tokens.get(i) {
                i += 1;
                match token {
                    Token::Sign('{') => depth += 1,
                    Token::Sign('}') if depth == 1 => break,
                    Token::Sign('}') => depth -= 1,
                    Token::Sign(';') if depth == 0 => break,
                    _ => {}
                }
            }
        } else {
            kept.push(tokens[i].clone());
            i += 1;
        }
    }
    kept
}

fn tokens(text: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1);
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    while i < chars.len() {
        let start = i;
        match chars[i] {
            '/' if at(i + 1) == '/' => i += chars[i..].iter().take_while(|c| **c != '\n').count(),
            '/' if at(i + 1) == '*' => i = end_of_comment(&chars, i),
            '"' => i = end_of_string(&chars, i),
            'r' | 'b' if starts_literal(&chars, i) => i = end_of_literal(&chars, i),
            // A letter in quotes, or else a lifetime.
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => {
                i += if at(i + 1) == '\\' { 3 } else { 2 };
                i += chars[i..].iter().take_while(|c| **c != '\'').count() + 1;
            }
            ':' if at(i + 1) == ':' => {
                out.push((line, Token::Colons));
                i += 2;
            }
            c if c.is_alphanumeric() || c == '_' => {
                let word: String = chars[i..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                i += word.chars().count();
                out.push((line, Token::Word(word)));
            }
            c if c.is_whitespace() => i += 1,
            c => {
                out.push((line, Token::Sign(c)));
                i += 1;
            }
        }
        i = i.min(chars.len());
        line += chars[start..i].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn end_of_comment(chars: &[char], mut i: usize) -> usize {
    let mut depth = 0;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], mut i: usize) -> usize {
    i += 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// Whether `r`, `b` or `br` at `i` begins a literal and not a word.
fn starts_literal(chars: &[char], i: usize) -> bool {
    let within_word = i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_');
    let rest: String = chars[i..].iter().take(8).collect();
    let rest = rest.trim_start_matches('b').trim_start_matches('r').trim_start_matches('#');
    !within_word && rest.starts_with('"')
}

fn end_of_literal(chars: &[char], i: usize) -> usize {
    let raw = chars[i..].iter().take(2).any(|c| *c == 'r');
    let quote = i + chars[i..].iter().take_while(|c| **c != '"').count();
    if !raw {
        return end_of_string(chars, quote);
    }
    let marks = chars[i..quote].iter().filter(|c| **c == '#').count();
    let mut end = quote + 1;
    while end < chars.len() {
        if chars[end] == '"' && chars[end + 1..].iter().take(marks).filter(|c| **c == '#').count() == marks {
            return end + 1 + marks;
        }
        end += 1;
    }
    end
}

#[test]
fn paths_are_found_and_resolved_and_comments_strings_and_tests_are_not() {
    let text = r##"
        //! crate::no
        use crate::{model::{time::Span, post}, alert as bell};
        use super::super::store::Store;
        use sqlx;
        mod inner { use super::Here; }
        fn f<'a>(c: char) { /* crate::no /* crate::no */ */ let _ = ("crate::no", r#"crate::"no"#, 'x', '\'', b"crate::no"); tokio::spawn(x); }
        fn g() { Vec::<u8>::new(); self::deep(); }
        #[cfg(test)]
        mod tests { use crate::no; fn f() { let _ = "}"; } }
        #[cfg(test)]
        mod more;
        use chrono::Utc;
    "##;
    let found: Vec<String> = paths(text, &["alert", "email"]).iter().map(|f| f.words.join("::")).collect();
    assert_eq!(
        found,
        [
            "crate::model::time::Span",
            "crate::model::post",
            "crate::alert",
            "crate::store::Store",
            "sqlx",
            "crate::alert::email::Here",
            "tokio::spawn",
            "Vec",
            "crate::alert::email::deep",
            "chrono::Utc",
        ]
    );
    assert_eq!(paths(text, &[])[0].line, 3);
}
