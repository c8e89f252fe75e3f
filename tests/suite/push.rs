//! What others bring: `POST /ingest` over real sockets against the real program, and `hinomi import`.

mod import;
mod ingest;
mod websub;

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{
    owing,
    process::{Answer, Place, Running, config},
};

/// What the tests know and strangers do not.
pub(crate) const TOKEN: &str = "a-token-of-the-tests-4417-0123456789";

/// A program that takes posts from those who know [`TOKEN`].
pub(crate) fn open_place() -> Place {
    let place = Place::with(&config(9).replacen("[web]\n", "[web]\ningest_token_file = \"token\"\n", 1));
    place.write("token", TOKEN);
    place
}

/// One line about the company, written now.
pub(crate) fn line(id: &str, author: &str, text: &str) -> String {
    let now = owing::now().rfc3339(hinomi::model::time::Zone::JST);
    json!({"id": id, "source": "vendor", "author": author, "text": text, "published_at": now}).to_string() + "\n"
}

impl Running {
    /// Brings a body, with these lines in the head of the request.
    pub(crate) fn bring(&mut self, query: &str, head: &str, body: &[u8]) -> Answer {
        let host = self.port();
        let mut request =
            format!("POST /ingest{query} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n{head}\r\n", body.len())
                .into_bytes();
        request.extend(body);
        self.ask_bytes(&request)
    }

    /// Brings a body with the right token and reads the answer.
    pub(crate) fn push(&mut self, body: &str) -> (u16, Value) {
        let answer = self.bring("", &bearer(TOKEN), body.as_bytes());
        let said = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}\n{}", self.log()));
        (answer.code, said)
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Rows of a question to the database of `place`.
pub(crate) fn sql(place: &Place, question: &str) -> Vec<Value> {
    let output = hinomi(&["sql", "--json", "--db", place.path("hinomi.db").to_str().unwrap(), question]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

pub(crate) fn hinomi(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hinomi")).env_remove("FAILPOINTS").args(args).output().unwrap()
}
