//! The watchlist as people and programs write it, with their mistakes.

use std::path::Path;

use super::super::{load_watchlist, parse_watchlist};
use crate::model::watch::CompanyName;

pub(super) fn mistakes(text: &str) -> String {
    parse_watchlist(text, Path::new("w.toml")).expect_err("mistakes").to_string()
}

#[test]
fn the_contract_of_the_watchlist_is_read_in_toml_and_in_json_alike() {
    let toml = r#"
[[company]]
name = "青空テレコム"
aliases = ["青空テレコム", "あおぞらテレコム", { name = "青テレ", exclude = ["青テレビ"], context = ["回線"] }]
products = ["青空モバイル"]
people = []
exclude = ["青空文庫"]
own_channels = ["@aozora_official"]
sector = "telecom"
budget = 0.5
recipients = ["pr-duty"]
"#;
    let json = r#"{"companies": [{"name": "青空テレコム", "sector": "telecom", "aliases": ["青空テレコム",
        "あおぞらテレコム", {"name": "青テレ", "exclude": ["青テレビ"], "context": ["回線"]}], "products": ["青空モバイル"],
        "people": null, "exclude": ["青空文庫"], "own_channels": ["@aozora_official"], "budget": 0.5,
        "recipients": ["pr-duty"], "id": 7}]}"#;
    let list = parse_watchlist(toml, Path::new("w.toml")).unwrap();
    assert_eq!(list, parse_watchlist(json, Path::new("w.json")).unwrap());
    let watch = list.get(&CompanyName("青空テレコム".into())).unwrap();
    assert_eq!(watch.aliases[2].context, ["回線"]);
    assert_eq!((watch.budget, watch.sector.as_deref()), (0.5, Some("telecom")));
}

#[test]
fn a_company_without_aliases_is_known_by_its_name() {
    let list = parse_watchlist("[[company]]\nname = \"こだま自動車\"\n", Path::new("w.toml")).unwrap();
    assert_eq!(list.companies[0].names().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["こだま自動車"]);
    assert!((list.companies[0].budget - 1.0).abs() < f64::EPSILON);
}

#[test]
fn two_companies_under_one_alias_are_both_named_unless_context_tells_them_apart() {
    let shared = "[[company]]\nname = \"青空テレコム\"\naliases = [\"ＡＯＺＯＲＡ\"]\n\
                  [[company]]\nname = \"青空ペイ\"\naliases = [\"aozora\"]\n";
    let said = mistakes(shared);
    assert!(said.starts_with("w.toml:4:") && said.contains("青空テレコム") && said.contains("青空ペイ"), "{said}");
    let one_sided = shared.replace("[\"aozora\"]", "[{ name = \"aozora\", context = [\"決済\"] }]");
    assert!(mistakes(&one_sided).contains("share the name"));
    let apart = one_sided.replace("[\"ＡＯＺＯＲＡ\"]", "[\"ＡＯＺＯＲＡ\"]\ncontext = [\"回線\"]");
    assert!(parse_watchlist(&apart, Path::new("w.toml")).is_ok());
    let product = shared.replace("aliases", "products");
    assert!(parse_watchlist(&product, Path::new("w.toml")).is_ok(), "a telephone may be sold by two carriers");
}

#[test]
fn mistakes_in_a_watchlist_are_found_together() {
    let cases = [
        ("[[company]]\nname = \"\"\n", "is empty"),
        ("[[company]]\naliases = [\"a\"]\n", "\"name\" is missing"),
        ("[[company]]\nname = \"a社\"\n[[company]]\nname = \"a社\"\n", "listed twice"),
        ("[[company]]\nname = \"a社\"\naliases = [\"b社\", \"b社\"]\n", "listed twice"),
        ("[[company]]\nname = \"a社\"\naliases = [\"  \"]\n", "is empty"),
        ("[[company]]\nname = \"a社\"\naliases = \"b社\"\n", "wants a list"),
        ("[[company]]\nname = \"a社\"\nbudget = 0\n", "above 0"),
        ("[[company]]\nname = \"a社\"\nbudget = \"1\"\n", "wants a number"),
        ("[[company]]\nname = \"a社\"\nexclude = [\"a社\"]\n", "can never be found"),
        ("[[company]]\nname = \"a社\"\nalias = [\"b社\"]\n", "did you mean \"aliases\""),
        ("[[compny]]\nname = \"a社\"\n", "did you mean \"company\""),
        ("", "\"company\" is missing"),
    ];
    for (text, said) in cases {
        assert!(mistakes(text).contains(said), "{text}: {}", mistakes(text));
    }
    let all = cases.iter().map(|(text, _)| *text).collect::<String>();
    assert!(mistakes(&all).lines().count() > 10);
}

#[test]
fn json_says_where_by_path_and_refuses_slips_but_not_what_a_program_adds() {
    let said = |text| parse_watchlist(text, Path::new("w.json")).expect_err("a mistake").to_string();
    assert_eq!(
        said(r#"{"companies": [{"name": "a社", "aliasses": []}]}"#),
        "w.json:companies[0].aliasses: unknown key \"aliasses\" — did you mean \"aliases\"?"
    );
    assert!(said(r#"{"companies": [{"name": "a社", "name": "b社"}]}"#).contains("given twice"));
    assert!(said(r#"{"companies": [{"name": "a社"}"#).starts_with("w.json:1:"));
    assert!(said("[]").contains("wants a table"));
}

#[test]
fn the_example_watchlist_can_be_used_as_it_is() {
    let list = load_watchlist(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/watchlist.example.toml")).unwrap();
    assert!(list.companies.len() >= 3);
    assert!(list.companies.iter().any(|w| w.aliases.iter().any(|a| !a.context.is_empty())));
}
