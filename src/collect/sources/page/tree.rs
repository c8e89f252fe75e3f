//! A web page as a tree that costs no more than its letters.
//!
//! Not a browser's tree: elements are closed as their names suggest, nothing is moved. html5ever's tree is quadratic in
//! the depth of a hostile page, and this one is read on every visit.
//!
//! # Invariants
//! Nodes stand in the order of the page, so what is inside node `i` is `i + 1 .. end`. At most [`limits::PAGE_NODES`]
//! nodes, at most [`limits::PAGE_DEPTH`] within one another; deeper ones stand beside each other.

use std::{collections::HashMap, ops::Range};

use crate::{
    collect::{
        html,
        markup::{Token, Tokens, attribute},
    },
    model::limits,
};

/// An element or a piece of text.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) parent: Option<usize>,
    /// Behind the last node inside.
    pub(super) end: usize,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug)]
pub(super) enum Kind<'t> {
    Text(&'t str),
    Element {
        /// In lower case.
        name: String,
        /// As written.
        attributes: &'t str,
    },
}

/// A page.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) nodes: Vec<Node<'t>>,
}

const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements whose inside nobody reads.
const SILENT: &[&str] = &["script", "style", "template", "textarea", "select", "iframe", "svg"];
/// Elements that stand within a line.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "cite", "code", "data", "em", "font", "i", "img", "mark", "q", "ruby", "s", "small",
    "strong", "sub", "sup", "u", "wbr",
];

/// What an opening tag ends: the elements, and those beyond which it does not reach.
fn ends(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match name {
        "li" => (&["li"], &["ul", "ol", "menu"]),
        "dt" | "dd" => (&["dt", "dd"], &["dl"]),
        "tr" => (&["tr", "td", "th"], &["table"]),
        "td" | "th" => (&["td", "th"], &["tr", "table"]),
        "tbody" | "tfoot" => (&["thead", "tbody", "tr", "td", "th"], &["table"]),
        "a" => (&["a"], &["td", "th", "table"]),
        "p" | "div" | "ul" | "ol" | "dl" | "table" | "section" | "article" | "h1" | "h2" | "h3" | "h4" | "hr" => {
            (&["p"], &["td", "th", "li", "dd", "div", "section", "article"])
        }
        _ => (&[], &[]),
    }
}

/// The elements that are open, the outermost first.
#[derive(Debug, Default)]
struct Open {
    nodes: Vec<usize>,
    /// How many of each name, so that a closing tag of nothing costs one look.
    names: HashMap<String, usize>,
}

impl Open {
    fn last(&self) -> Option<usize> {
        self.nodes.last().copied()
    }

    fn push(&mut self, node: usize, name: &str) {
        self.nodes.push(node);
        *self.names.entry(name.to_owned()).or_default() += 1;
    }

    fn has(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|count| *count > 0)
    }
}

impl<'t> Tree<'t> {
    pub(super) fn of(page: &'t str) -> Self {
        let mut tree = Self { nodes: Vec::new() };
        let mut open = Open::default();
        // Elements below the deepest that are still open.
        let mut below = 0_usize;
        let mut tokens = Tokens::of(page);
        while let Some(token) = tokens.next() {
            if tree.nodes.len() >= limits::PAGE_NODES {
                break;
            }
            match token {
                Token::Text(text) => {
                    tree.add(open.last(), Kind::Text(text));
                }
                Token::Open { name, attributes, empty } => {
                    let name = name.to_ascii_lowercase();
                    if SILENT.contains(&name.as_str()) {
                        if !empty {
                            tokens.skip_past_close(&name);
                        }
                        continue;
                    }
                    if below == 0 {
                        tree.end_for(&name, &mut open);
                    }
                    let lasts = !VOID.contains(&name.as_str()) && !empty;
                    let node = tree.add(open.last(), Kind::Element { name, attributes });
                    match lasts {
                        true if open.nodes.len() < limits::PAGE_DEPTH => open.push(node, tree.name(node)),
                        true => below += 1,
                        false => {}
                    }
                }
                Token::Close { .. } if below > 0 => below -= 1,
                Token::Close { name } => {
                    let name = name.to_ascii_lowercase();
                    if open.has(&name)
                        && let Some(depth) = open.nodes.iter().rposition(|node| tree.name(*node) == name)
                    {
                        tree.close(&mut open, depth);
                    }
                }
                Token::Cdata(_) | Token::Doctype(_) => {}
            }
        }
        tree.close(&mut open, 0);
        tree
    }

    fn add(&mut self, parent: Option<usize>, kind: Kind<'t>) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { parent, end: node + 1, kind });
        node
    }

    /// Closes what `name` ends by beginning.
    fn end_for(&mut self, name: &str, open: &mut Open) {
        let (ended, bounds) = ends(name);
        if !ended.iter().any(|name| open.has(name)) {
            return;
        }
        let mut outermost = None;
        for (depth, node) in open.nodes.iter().enumerate().rev() {
            let at = self.name(*node);
            if bounds.contains(&at) {
                break;
            }
            if ended.contains(&at) {
                outermost = Some(depth);
            }
        }
        if let Some(depth) = outermost {
            self.close(open, depth);
        }
    }

    fn close(&mut self, open: &mut Open, depth: usize) {
        let end = self.nodes.len();
        for node in open.nodes.drain(depth..) {
            if let Some(count) = open.names.get_mut(self.name(node)) {
                *count -= 1;
            }
            if let Some(node) = self.nodes.get_mut(node) {
                node.end = end;
            }
        }
    }

    /// The name of an element; nothing for a text.
    pub(super) fn name(&self, node: usize) -> &str {
        match self.nodes.get(node).map(|n| &n.kind) {
            Some(Kind::Element { name, .. }) => name,
            _ => "",
        }
    }

    /// An attribute of an element.
    pub(super) fn attribute(&self, node: usize, name: &str) -> Option<String> {
        match self.nodes.get(node).map(|n| &n.kind) {
            Some(Kind::Element { attributes, .. }) => attribute(attributes, name),
            _ => None,
        }
    }

    /// The node and everything inside.
    pub(super) fn whole(&self, node: usize) -> Range<usize> {
        node..self.nodes.get(node).map_or(node, |n| n.end)
    }

    pub(super) fn parent(&self, node: usize) -> Option<usize> {
        self.nodes.get(node).and_then(|n| n.parent)
    }

    /// The elements around a node, the nearest first.
    pub(super) fn around(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parent(node), |n| self.parent(*n))
    }

    /// What a reader sees in `range`, in one line, cut at the length of a field.
    pub(super) fn text(&self, range: Range<usize>) -> String {
        let mut out = String::new();
        for node in self.nodes.get(range).unwrap_or_default() {
            match &node.kind {
                Kind::Text(text) => out.push_str(&htmlize::unescape(*text)),
                Kind::Element { name, .. } if INLINE.contains(&name.as_str()) => {}
                Kind::Element { .. } => out.push(' '),
            }
            if out.len() > 2 * limits::FIELD_BYTES {
                break;
            }
        }
        let line = html::one_line(&out);
        html::cut(&line, limits::FIELD_BYTES).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outline(page: &str) -> String {
        let tree = Tree::of(page);
        let mut out = String::new();
        for (i, node) in tree.nodes.iter().enumerate() {
            let depth = tree.around(i).count();
            let name = match &node.kind {
                Kind::Text(text) => text.trim(),
                Kind::Element { name, .. } => name,
            };
            out.extend(["-".repeat(depth).as_str(), name, " "]);
        }
        out
    }

    #[test]
    fn elements_that_nobody_closes_end_where_the_next_begins() {
        assert_eq!(
            outline("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e"),
            "ul -li --a -li --b --ul ---li ----c -li --d e "
        );
        assert_eq!(outline("<dl><dt>1<dd>2<dt>3<dd>4</dl>"), "dl -dt --1 -dd --2 -dt --3 -dd --4 ");
        assert_eq!(
            outline("<table><tr><td>1<td>2<tr><td>3</table>x"),
            "table -tr --td ---1 --td ---2 -tr --td ---3 x "
        );
        assert_eq!(outline("<p>a<p>b<br>c<div>d</div></span>e"), "p -a p -b -br -c div -d e ");
        assert_eq!(outline("<script>'<li>'</script><DIV CLASS=x>y"), "div -y ");
    }

    #[test]
    fn a_text_keeps_words_of_one_line_together() {
        let tree = Tree::of("<p>つば<b>め</b>電機<br>が&amp;謝罪</p><p>二</p>");
        assert_eq!(tree.text(0..tree.nodes.len()), "つばめ電機 が&謝罪 二");
    }

    proptest! {
        #[test]
        fn every_node_lies_inside_its_parent(page in "(<(div|li|p|td|tr|table|a|dd|b)>|</(div|li|p|td|tr|table|a)>|火|<br>){0,60}") {
            let tree = Tree::of(&page);
            for (i, node) in tree.nodes.iter().enumerate() {
                prop_assert!(node.end > i && node.end <= tree.nodes.len());
                if let Some(parent) = node.parent {
                    prop_assert!(parent < i && tree.nodes[parent].end >= node.end);
                }
            }
        }
    }
}
