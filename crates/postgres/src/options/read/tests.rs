//! Tests of what connection strings mean.
//!
//! Invariant: no fault and no debug text tells a password.

use crate::options::{Host, Mode, OpenError, Options, Roots};
use std::path::PathBuf;
use std::time::Duration;

fn read(text: &str) -> Options {
    Options::parse(text).expect(text)
}

fn fault(text: &str) -> String {
    match Options::parse(text) {
        Err(OpenError::Text(why)) => why,
        other => panic!("{text}: {other:?}"),
    }
}

fn mode(text: &str) -> (Mode, Roots) {
    let options = read(&format!("host=h {text}"));
    (options.encryption.mode, options.encryption.roots)
}

#[test]
fn sslmode_as_libpq_means_it() {
    let file = || Roots::File(PathBuf::from("/ca.pem"));
    assert_eq!(mode(""), (Mode::Prefer, Roots::System));
    assert_eq!(mode("sslmode=disable"), (Mode::Disable, Roots::System));
    assert_eq!(mode("sslmode=allow"), (Mode::Prefer, Roots::System));
    assert_eq!(mode("sslmode=require"), (Mode::Require, Roots::System));
    assert_eq!(mode("ssl=true"), (Mode::Require, Roots::System));
    // A root certificate makes `require` verify, which libpq does for compatibility.
    assert_eq!(
        mode("sslmode=require sslrootcert=/ca.pem"),
        (Mode::VerifyCa, file())
    );
    assert_eq!(
        mode("sslmode=verify-ca sslrootcert=/ca.pem"),
        (Mode::VerifyCa, file())
    );
    assert_eq!(mode("sslmode=verify-full"), (Mode::VerifyFull, Roots::System));
    assert_eq!(mode("sslrootcert=system"), (Mode::VerifyFull, Roots::System));
    assert!(fault("host=h sslmode=require sslrootcert=system").contains("verify-full"));
    assert!(fault("host=h sslmode=verify").contains("sslmode"));
    assert!(fault("host=h sslnegotiation=direct").contains("sslmode"));
    assert!(
        read("host=h sslnegotiation=direct sslmode=require")
            .encryption
            .direct
    );
}

#[test]
fn addresses() {
    let options = read("postgres://u@a:1,b,[::1]:3/d");
    let shown: Vec<String> = options.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["a:1", "b:5432", "[::1]:3"]);
    assert_eq!(options.to_string(), "database d at a:1, b:5432, [::1]:3");
    let one_port = read("host=a,b port=7");
    assert!(one_port.addresses.iter().all(|address| address.port == 7));
    let socket = read("postgres:///d?host=/var/run/postgresql&user=me");
    assert_eq!(
        socket.addresses.first().map(|address| address.host.clone()),
        Some(Host::Folder(PathBuf::from("/var/run/postgresql")))
    );
    let number = read("host=db hostaddr=10.0.0.1");
    assert_eq!(
        number.addresses.first().map(|address| address.host.clone()),
        Some(Host::Tcp("db".into(), Some([10, 0, 0, 1].into())))
    );
    for wrong in [
        "postgres:///d",
        "host=a,b port=1,2,3",
        "host=a hostaddr=1.1.1.1,2.2.2.2",
        "host=a port=0",
        "host=a port=70000",
        "host=a,,b",
        "host=a hostaddr=b",
    ] {
        fault(wrong);
    }
}

#[test]
fn our_own_keys() {
    let options = read("postgres://u@h/d?pool_max=10&statement_timeout=15s&connect_timeout=2&pgbouncer=true");
    assert_eq!(options.readers + options.writers, 10);
    assert_eq!(options.statement_timeout, Duration::from_secs(15));
    assert_eq!(options.connect_timeout, Duration::from_secs(2));
    assert_eq!(options.pooler, Some(true));
    assert_eq!(
        read("host=h statement_timeout=250").statement_timeout,
        Duration::from_millis(250)
    );
    assert_eq!(read("host=h").pooler, None);
    let least = read("host=h pool_max=2");
    assert_eq!((least.readers, least.writers), (1, 1));
    fault("host=h pool_max=1");
    fault("host=h pgbouncer=maybe");
    fault("host=h statement_timeout=soon");
}

#[test]
fn keys_nobody_knows() {
    assert!(fault("host=h colour=red").contains("`colour` is not known"));
    assert!(fault("postgres://u@h/d?connection_limit=1").contains("pool_max"));
    assert!(fault("host=h client_encoding=latin1").contains("client_encoding"));
    read("host=h client_encoding=UTF8 gssencmode=prefer");
}

#[test]
fn the_password_stays_here() {
    let options = read("postgres://u:sesame@h/d");
    assert_eq!(options.config.get_password(), Some(b"sesame".as_slice()));
    assert!(!format!("{options:?} {options}").contains("sesame"));
    for wrong in [
        "postgres://u:ab?sesame=x@h/d",
        "postgres://u:ab?ses&sesame!=1@h/d",
        "postgres://u:sesame/ab@h:1/d",
        "host=h password=sesame port=x",
    ] {
        let why = fault(wrong);
        assert!(!why.contains("sesame"), "{wrong}: {why}");
    }
}
