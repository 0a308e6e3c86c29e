//! The two spellings of connection strings.
//!
//! Role: text in, keys and values out.
//! Invariant: no fault repeats the text, which may hold a password.
//! Not here: what a key means.

/// A key and its value, decoded.
pub(super) type Pair = (String, String);

/// Takes a connection string apart.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>, String> {
    let text = text.trim();
    for scheme in ["postgres://", "postgresql://"] {
        if let Some(rest) = text.strip_prefix(scheme) {
            return url(rest);
        }
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!(
            "`{scheme}://` is no scheme of PostgreSQL; write postgres://user:password@host/database"
        ));
    }
    words(text)
}

/// `user:password@host:port,host:port/database?key=value&…`
fn url(rest: &str) -> Result<Vec<Pair>, String> {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let mut pairs = Vec::new();
    // The last one: no host holds an `@`, but a password that nobody encoded may.
    let hosts = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            push(&mut pairs, "user", user)?;
            push(&mut pairs, "password", password)?;
            hosts
        }
        None => authority,
    };
    if !hosts.is_empty() {
        host_list(hosts, &mut pairs)?;
    }
    push(&mut pairs, "dbname", database)?;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part
            .split_once('=')
            .ok_or("a part of the query after `?` has no `=`; an `&`, `?` or `/` in a password is written as %26, %3F, %2F")?;
        pairs.push((decoded(key)?, decoded(value)?));
    }
    Ok(pairs)
}

/// `host:port,[::1]:port`
fn host_list(hosts: &str, pairs: &mut Vec<Pair>) -> Result<(), String> {
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for one in hosts.split(',') {
        let (name, port) = match one.strip_prefix('[') {
            Some(number) => {
                let (number, rest) = number
                    .split_once(']')
                    .ok_or("an IPv6 address is written in brackets: [::1]")?;
                (number, rest.strip_prefix(':').unwrap_or(rest))
            }
            None => one.split_once(':').unwrap_or((one, "")),
        };
        names.push(decoded(name)?);
        ports.push(decoded(port)?);
    }
    if ports.iter().any(|port| !port.is_empty()) {
        pairs.push(("port".to_owned(), ports.join(",")));
    }
    pairs.push(("host".to_owned(), names.join(",")));
    Ok(())
}

fn push(pairs: &mut Vec<Pair>, key: &str, value: &str) -> Result<(), String> {
    if !value.is_empty() {
        pairs.push((key.to_owned(), decoded(value)?));
    }
    Ok(())
}

/// Percent-decodes a part of a URL.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(
                "a `%` is not followed by two hexadecimal digits; a `%` itself is written %25".to_owned(),
            );
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err("percent-encoded bytes are not UTF-8 text".to_owned()),
    }
}

/// `key=value key='a value'`, with `\` before a quote or a backslash.
fn words(text: &str) -> Result<Vec<Pair>, String> {
    let mut chars = text.chars().peekable();
    let mut pairs = Vec::new();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '=') {
            key.push(c);
        }
        if key.is_empty() && chars.peek().is_none() {
            return Ok(pairs);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        // The word itself is not repeated: it may be the rest of a password with a blank in it.
        if key.is_empty() || chars.next() != Some('=') {
            return Err("it is neither a URL (postgres://…) nor words `key=value`; \
                        a value with blanks stands in single quotes"
                .to_owned());
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let value = match chars.next_if_eq(&'\'') {
            Some(_) => quoted(&mut chars)?,
            None => bare(&mut chars),
        };
        pairs.push((key, value));
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn quoted(chars: &mut Chars<'_>) -> Result<String, String> {
    let mut value = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\'' => return Ok(value),
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    Err("a quoted value has no closing quote".to_owned())
}

fn bare(chars: &mut Chars<'_>) -> String {
    let mut value = String::new();
    while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
        match c {
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, String)> {
        let mut pairs = pairs(text).expect(text);
        pairs.sort();
        pairs
    }

    fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = pairs
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn urls() {
        assert_eq!(
            all("postgres://me:a%2Fb%20c@db.example:6543/shop?sslmode=require&pgbouncer=true"),
            of(&[
                ("user", "me"),
                ("password", "a/b c"),
                ("host", "db.example"),
                ("port", "6543"),
                ("dbname", "shop"),
                ("sslmode", "require"),
                ("pgbouncer", "true"),
            ])
        );
        assert_eq!(
            all("postgresql://a:1,[::1]:2,c/"),
            of(&[("host", "a,::1,c"), ("port", "1,2,")])
        );
        assert_eq!(
            all("postgresql:///shop?host=/var/run/postgresql&user=me"),
            of(&[
                ("dbname", "shop"),
                ("host", "/var/run/postgresql"),
                ("user", "me")
            ])
        );
        assert_eq!(
            all("postgres://me@%2Ftmp/d"),
            of(&[("user", "me"), ("host", "/tmp"), ("dbname", "d")])
        );
        // Not encoded, but there is only one way to read it.
        assert_eq!(
            all("postgres://me:p@ss@h"),
            of(&[("user", "me"), ("password", "p@ss"), ("host", "h")])
        );
    }

    #[test]
    fn word_lists() {
        assert_eq!(
            all(r"host = localhost port=5432 password='it\'s a \\' user=m\ e"),
            of(&[
                ("host", "localhost"),
                ("port", "5432"),
                ("password", r"it's a \"),
                ("user", "m e")
            ])
        );
        assert_eq!(all("  "), of(&[]));
    }

    #[test]
    fn faults_do_not_tell_the_password() {
        for wrong in [
            "postgres://me:sesame?x@h/d",
            "postgres://me:ses%me@h/d",
            "password=open sesame",
            "password='sesame",
            "mysql://me:sesame@h/d",
            "postgres://me:sesame%ff@h/d",
        ] {
            let why = pairs(wrong).expect_err(wrong);
            assert!(!why.contains("sesame"), "{wrong}: {why}");
        }
    }
}
