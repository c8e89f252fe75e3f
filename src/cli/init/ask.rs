//! The questions, in a terminal. A line is edited with letters that are two columns wide, as an input method gives
//! them; a wrong answer is asked again with the reason.

use anyhow::Context;
use rustyline::{DefaultEditor, error::ReadlineError};

use super::{
    Args,
    answers::{self, Answers, Password},
    say,
};
use crate::{
    config::{self, Lang},
    model::{post::SourceType, secret::Secret},
};

/// What separates several answers in one line; Japanese keyboards give the first three.
const BETWEEN: [char; 5] = ['、', '，', '､', ',', ';'];

/// Nobody is there any more: Ctrl+C, or the end of the line.
struct Gone;

struct Questions {
    editor: DefaultEditor,
    lang: Lang,
}

/// Asks for what the arguments do not say; `None` when the person gave up.
pub(super) fn answers(args: &Args, lang: Lang) -> anyhow::Result<Option<Answers>> {
    let editor = DefaultEditor::new().context("the terminal cannot be used")?;
    println!(
        "{}",
        say(
            lang,
            "火の見の設定を作ります。Enter だけなら [ ] の中の値になります。やめるには Ctrl+C。\n",
            "Let us write the settings. Enter alone takes what stands in [ ]. Ctrl+C stops.\n",
        )
    );
    Ok(Questions { editor, lang }.all(args).ok())
}

impl Questions {
    fn all(mut self, args: &Args) -> Result<Answers, Gone> {
        let lang = self.lang;
        let company = match &args.company {
            Some(name) => name.clone(),
            None => self.one(
                "監視したい会社の名前（例: 青空テレコム）",
                "The company to watch (such as 青空テレコム)",
                None,
                |_| None,
            )?,
        };
        let aliases = self.several(
            &args.aliases,
            "ほかの呼び名。略称・かな・英字を「、」で区切って（例: あおぞらテレコム、青テレ）",
            "Other names people use, with commas between (such as あおぞらテレコム, 青テレ)",
            false,
            |_| None,
        )?;
        let excludes = self.several(
            &args.excludes,
            "除外する語。名前を含むが別のもの（例: 青空文庫）",
            "Words that contain a name and mean something else (such as 青空文庫)",
            false,
            |_| None,
        )?;
        let mut allow = args.allow.clone();
        let feeds = self.feeds(args, &mut allow)?;
        let from = match &args.from {
            Some(from) => from.clone(),
            None => self.one(
                "メールの差出人（例: hinomi@example.jp）",
                "Sender of the mails (such as hinomi@example.jp)",
                None,
                |a| answers::address_mistake(a, lang),
            )?,
        };
        let to = self.several(
            &args.to,
            "知らせる宛先（例: pr1@example.jp、pr2@example.jp）",
            "Who is told (such as pr1@example.jp, pr2@example.jp)",
            true,
            |a| answers::address_mistake(a, lang),
        )?;
        let contact = match &args.contact {
            Some(contact) => Some(contact.clone()),
            None => self.maybe(
                "情報源の管理者に見せる連絡先。URL かアドレス（例: https://example.jp/hinomi）",
                "Where owners of feeds reach you, a URL or an address (such as https://example.jp/hinomi)",
            )?,
        };
        let (smtp_host, smtp_tls, smtp_port) = self.server(args)?;
        let (smtp_user, password) = self.login(args)?;
        let smtp_port = Some(smtp_port);
        Ok(Answers {
            company,
            aliases,
            excludes,
            feeds,
            allow,
            contact,
            smtp_host,
            smtp_port,
            smtp_tls,
            smtp_user,
            password,
            from,
            to,
        })
    }

    fn server(&mut self, args: &Args) -> Result<(String, String, u16), Gone> {
        let lang = self.lang;
        let smtp_host = match &args.smtp_host {
            Some(host) => host.clone(),
            None => self.one(
                "メールサーバー（例: smtp.example.jp）",
                "The mail server (such as smtp.example.jp)",
                None,
                |host| {
                    host.contains([' ', '　', '/', '@', ':'])
                        .then(|| say(lang, "サーバーの名前だけを書きます", "the name of the server alone").to_owned())
                },
            )?,
        };
        let smtp_tls = match &args.smtp_tls {
            Some(tls) => tls.clone(),
            None => self.one(
                "暗号化: starttls / implicit / none（このマシンの中だけ）",
                "Protection: starttls / implicit / none (this machine only)",
                Some(answers::usual_tls(&smtp_host)),
                |tls| {
                    (!matches!(tls, "starttls" | "implicit" | "none")).then(|| "starttls / implicit / none".to_owned())
                },
            )?,
        };
        let usual = match smtp_tls.as_str() {
            "implicit" => "465",
            "none" => "25",
            _ => "587",
        };
        let smtp_port = match args.smtp_port {
            Some(port) => port,
            None => self
                .one("ポート", "Port", Some(usual), |p| {
                    p.parse::<u16>().map_or(true, |p| p == 0).then(|| "1 – 65535".to_owned())
                })?
                .parse()
                .map_err(|_| Gone)?,
        };
        Ok((smtp_host, smtp_tls, smtp_port))
    }

    /// Private addresses that may be visited go into `allow`.
    fn feeds(&mut self, args: &Args, allow: &mut Vec<String>) -> Result<Vec<(SourceType, String)>, Gone> {
        let lang = self.lang;
        let given = args.feeds.iter().map(|f| answers::split_kind(f));
        let mut feeds: Vec<(SourceType, String)> = given.map(|(kind, url)| (kind, url.to_owned())).collect();
        while args.feeds.is_empty() {
            let known: Vec<String> = feeds.iter().map(|(_, url)| url.clone()).collect();
            let url = if feeds.is_empty() {
                self.one(
                    "見に行くフィードの URL（例: https://news.example.jp/rss.xml）",
                    "Address of a feed (such as https://news.example.jp/rss.xml)",
                    None,
                    |url| config::web_address_mistake(url, lang),
                )?
            } else {
                let more = self.line(say(
                    lang,
                    "もう1つのフィードの URL（なければ Enter）: ",
                    "Another feed (Enter if there is none): ",
                ))?;
                if more.is_empty() {
                    break;
                }
                if let Some(why) = config::web_address_mistake(&more, lang) {
                    println!("  {why}");
                    continue;
                }
                more
            };
            if known.contains(&url) {
                println!("  {}", say(lang, "もう入っています", "it is there already"));
                continue;
            }
            if let Some(place) = answers::private_place(&url, allow) {
                let question = say(
                    lang,
                    "は社内などのアドレスです。訪ねてよいですか",
                    "is no address of the open internet. May it be visited?",
                );
                if !self.yes(&format!("{place} {question}"))? {
                    continue;
                }
                allow.push(place);
            }
            let kinds = "news / blog / post / qa / video / notice / review / board";
            let kind = self.one(
                &format!("  何が来るフィードですか: {kinds}"),
                &format!("  What does it bring: {kinds}"),
                Some("news"),
                |kind| kind.parse::<SourceType>().err().map(|_| kinds.to_owned()),
            )?;
            feeds.push((kind.parse().map_err(|_| Gone)?, url));
        }
        Ok(feeds)
    }

    fn login(&mut self, args: &Args) -> Result<(Option<String>, Password), Gone> {
        let lang = self.lang;
        let user = match &args.smtp_user {
            Some(user) => Some(user.clone()),
            None => self.maybe("メールサーバーのログイン名", "Name to log in with at the mail server")?,
        };
        if user.is_none() {
            return Ok((None, Password::None));
        }
        if let Some(variable) = &args.smtp_password_env {
            return Ok((user, Password::Variable(variable.clone())));
        }
        let way = self.one(
            "パスワードの渡し方: 1 環境変数 / 2 自分だけが読めるファイル",
            "The password comes from: 1 a variable of the environment / 2 a file that only you can read",
            Some("1"),
            |way| (!matches!(way, "1" | "2" | "１" | "２")).then(|| "1 / 2".to_owned()),
        )?;
        if matches!(way.as_str(), "1" | "１") {
            let variable = self.one(
                "環境変数の名前（パスワードそのものではありません）",
                "Name of the variable (not the password)",
                Some("HINOMI_SMTP_PASSWORD"),
                |name| {
                    let good = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
                        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
                    (!good).then(|| say(lang, "英大文字・数字・_ で書きます", "capitals, digits and _ only").to_owned())
                },
            )?;
            return Ok((user, Password::Variable(variable)));
        }
        loop {
            let typed =
                rpassword::prompt_password(say(lang, "パスワード（画面には出ません）: ", "Password (not shown): "));
            let secret = Secret::new(&typed.map_err(|_| Gone)?);
            if !secret.expose().trim().is_empty() {
                return Ok((user, Password::File(secret)));
            }
        }
    }

    /// One answer that passes, or the usual one.
    fn one(
        &mut self,
        ja: &str,
        en: &str,
        usual: Option<&str>,
        wrong: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Gone> {
        let question = match usual {
            Some(usual) => format!("{} [{usual}]: ", say(self.lang, ja, en)),
            None => format!("{}: ", say(self.lang, ja, en)),
        };
        loop {
            let typed = self.line(&question)?;
            let answer = if typed.is_empty() { usual.unwrap_or_default().to_owned() } else { typed };
            if answer.is_empty() {
                println!("  {}", say(self.lang, "ここは必要です", "this one is needed"));
                continue;
            }
            match wrong(&answer) {
                None => return Ok(answer),
                Some(why) => println!("  {why}"),
            }
        }
    }

    fn maybe(&mut self, ja: &str, en: &str) -> Result<Option<String>, Gone> {
        let none = say(self.lang, "（なければ Enter）", " (Enter if there is none)");
        let typed = self.line(&format!("{}{none}: ", say(self.lang, ja, en)))?;
        Ok(Some(typed).filter(|t| !t.is_empty()))
    }

    /// Several answers in one line, each once.
    fn several(
        &mut self,
        given: &[String],
        ja: &str,
        en: &str,
        needed: bool,
        wrong: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<String>, Gone> {
        if !given.is_empty() {
            return Ok(given.to_vec());
        }
        loop {
            let typed =
                if needed { self.one(ja, en, None, |_| None)? } else { self.maybe(ja, en)?.unwrap_or_default() };
            let mut found: Vec<String> = Vec::new();
            for word in typed.split(BETWEEN).map(str::trim).filter(|w| !w.is_empty()) {
                if !found.iter().any(|f| f == word) {
                    found.push(word.to_owned());
                }
            }
            match found.iter().find_map(|word| wrong(word)) {
                Some(why) => println!("  {why}"),
                None if needed && found.is_empty() => {}
                None => return Ok(found),
            }
        }
    }

    fn yes(&mut self, question: &str) -> Result<bool, Gone> {
        let typed = self.line(&format!("  {question} [y/N]: "))?;
        Ok(matches!(typed.to_lowercase().as_str(), "y" | "yes" | "ｙ" | "はい"))
    }

    /// A line as it was typed, without the spaces around it, wide ones included.
    fn line(&mut self, question: &str) -> Result<String, Gone> {
        match self.editor.readline(question) {
            Ok(line) => Ok(line.trim().chars().filter(|c| !c.is_control()).collect()),
            // A line that is no UTF-8 is no answer, and no reason to lose the others.
            Err(ReadlineError::Io(why)) if why.kind() == std::io::ErrorKind::InvalidData => Ok(String::new()),
            Err(_) => Err(Gone),
        }
    }
}
