//! New connections.
//!
//! Role: goes through the addresses, encrypts as asked, sends our settings, looks at the server's version.
//! Invariant: what failed is told apart: away for now, refused, too old; the password is in no text.
//! Not here: when to try again (gate), what connections are used for.

use crate::gathered::gathered;
use crate::options::{Address, Encryption, Host, Mode, OpenError, Options};
use crate::pooler;
use crate::tls::{self, MakeTls};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{CancelToken, Client, Config};

/// The oldest server that we know how to talk to.
const OLDEST: u32 = 15;

/// Makes connections.
pub(crate) struct Connector {
    pub(crate) options: Options,
    tls: MakeTls,
    pooled: AtomicBool,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Requests: statements are limited in time.
    Requests,
    /// Migrations and the like: they take as long as they take.
    Work,
}

/// A connection, and the task that moves its bytes.
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) task: JoinHandle<()>,
    /// How many of those who share it wait for their answer; its task wants to know.
    pub(crate) in_flight: Arc<AtomicUsize>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectError {
    pub(crate) kind: Reason,
    /// For the log and for the start; without secrets.
    pub(crate) text: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Nobody answers, it starts or stops.
    Away,
    /// There are too many connections.
    Full,
    /// Password, database, rights, certificates: waiting does not help.
    Refused,
    /// PgBouncer does not pass settings on.
    Settings,
    /// The server is too old, or not PostgreSQL.
    Version,
}

impl Reason {
    /// Its word in events.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Reason::Away => "away",
            Reason::Full => "too many connections",
            Reason::Refused => "refused",
            Reason::Settings => "settings refused",
            Reason::Version => "version",
        }
    }
}

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> Self {
        match error.kind {
            Reason::Away | Reason::Full => OpenError::Away(error.text),
            Reason::Refused | Reason::Settings => OpenError::Refused(error.text),
            Reason::Version => OpenError::Version(error.text),
        }
    }
}

impl Connector {
    /// Reads the certificates; connects to nobody yet.
    pub(crate) fn new(options: Options) -> Result<Self, OpenError> {
        let tls = tls::make(&options.encryption)?;
        let pooled = options
            .pooler
            .unwrap_or_else(|| pooler::named(&options.addresses));
        Ok(Connector {
            options,
            tls,
            pooled: AtomicBool::new(pooled),
        })
    }

    /// Whether a transaction-mode pooler stands between.
    pub(crate) fn pooled(&self) -> bool {
        self.pooled.load(Relaxed)
    }

    /// It turned out that there is a pooler.
    pub(crate) fn found_pooler(&self) {
        self.pooled.store(true, Relaxed);
    }

    /// Connects for the first time: finds out whom we talk to.
    pub(crate) async fn explore(&self) -> Result<Connected, ConnectError> {
        let connected = match self.connect(Purpose::Requests).await {
            Err(error) if error.kind == Reason::Settings && self.options.pooler != Some(false) => {
                self.found_pooler();
                self.connect(Purpose::Requests).await?
            }
            other => other?,
        };
        if self.options.pooler.is_none() && !self.pooled() {
            let between =
                tokio::time::timeout(self.options.connect_timeout, pooler::between(&connected.client));
            match between.await {
                Ok(Ok(between)) => self.pooled.store(between, Relaxed),
                Ok(Err(error)) => return Err(explain(&error)),
                Err(_elapsed) => return Err(away("it does not answer a first question in time")),
            }
        }
        Ok(connected)
    }

    /// Connects to the first address that takes us.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<Connected, ConnectError> {
        let mut last = away("there is no address");
        for address in &self.options.addresses {
            match tokio::time::timeout(self.options.connect_timeout, self.connect_to(address, purpose)).await
            {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) => last = error,
                Err(_elapsed) => last = away("it does not answer in time"),
            }
            last.text = format!("{address}: {}", last.text);
        }
        Err(last)
    }

    async fn connect_to(&self, address: &Address, purpose: Purpose) -> Result<Connected, ConnectError> {
        let mut config = self.config(address, purpose);
        let prefer = config.get_ssl_mode() == SslMode::Prefer;
        let made = match config.connect(self.tls.clone()).await {
            // As libpq does it: where encryption is but preferred, the next try is without.
            Err(error) if prefer && tls::handshake_failed(&error) => {
                config.ssl_mode(SslMode::Disable);
                config.connect(self.tls.clone()).await
            }
            made => made,
        };
        let (client, connection) = made.map_err(|error| explain(&error))?;
        check_version(connection.parameter("server_version"))?;
        let in_flight = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&in_flight);
        let task = tokio::spawn(async move {
            if let Err(error) = gathered(connection, &count).await {
                tracing::info!(why = %chain(&error), "database connection ended");
            }
        });
        Ok(Connected {
            client,
            task,
            in_flight,
        })
    }

    fn config(&self, address: &Address, purpose: Purpose) -> Config {
        let mut config = self.options.config.clone();
        config.port(address.port);
        config.connect_timeout(self.options.connect_timeout);
        match &address.host {
            Host::Tcp(name, number) => {
                config.host(name);
                number.map(|number| config.hostaddr(number));
                encrypt(&mut config, &self.options.encryption);
            }
            Host::Folder(path) => {
                config.host_path(path);
                // libpq does not encrypt there either, whatever the mode.
                config.ssl_mode(SslMode::Disable);
            }
        }
        if !self.pooled() {
            let asked = config.get_options().unwrap_or_default().to_owned();
            config.options(format!("{asked} {}", self.settings(purpose)).trim());
        }
        config
    }

    /// Settings of our sessions. The server's own limits come a little before ours, which only serve where it
    /// does not answer at all.
    fn settings(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Work => "-c statement_timeout=0".to_owned(),
            Purpose::Requests => {
                let limit = self.options.statement_timeout;
                let idle = limit.saturating_mul(2).max(Duration::from_secs(10));
                let limits = self.options.limits("-c", " ");
                format!(
                    "{limits} -c idle_in_transaction_session_timeout={}",
                    idle.as_millis()
                )
            }
        }
    }

    /// Asks the server to stop what a connection is doing.
    pub(crate) async fn cancel(&self, token: &CancelToken) -> Result<(), tokio_postgres::Error> {
        token.cancel_query(self.tls.clone()).await
    }
}

fn encrypt(config: &mut Config, encryption: &Encryption) {
    config.ssl_mode(match encryption.mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    if encryption.direct {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
}

fn check_version(version: Option<&str>) -> Result<(), ConnectError> {
    let version = version.unwrap_or_default();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    if digits.parse::<u32>().is_ok_and(|major| major >= OLDEST) {
        return Ok(());
    }
    let said: String = version.chars().take(60).filter(|c| !c.is_control()).collect();
    Err(ConnectError {
        kind: Reason::Version,
        text: format!("the server says that it is version `{said}`"),
    })
}

fn away(text: &str) -> ConnectError {
    ConnectError {
        kind: Reason::Away,
        text: text.to_owned(),
    }
}

/// What a failure to connect means.
fn explain(error: &tokio_postgres::Error) -> ConnectError {
    let kind = match error.as_db_error() {
        Some(refusal) => refused(refusal),
        // A socket that fails is a server that is away. What has no cause in the socket (a password that is
        // missing, an unknown way to authenticate, a certificate that is not believed) does not pass.
        None if tls::handshake_failed(error) || !caused_by_socket(error) => Reason::Refused,
        None => Reason::Away,
    };
    ConnectError {
        kind,
        text: chain(error),
    }
}

fn refused(refusal: &DbError) -> Reason {
    let code = refusal.code();
    if refusal.message().contains("unsupported startup parameter") {
        Reason::Settings
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        Reason::Full
    } else if code.code().starts_with("57P") || code.code().starts_with("53") || code.code().starts_with("08")
    {
        Reason::Away
    } else {
        Reason::Refused
    }
}

fn caused_by_socket(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error with its causes.
pub(crate) fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = match error.as_db_error() {
        Some(refusal) => return format!("{} ({})", refusal.message(), refusal.code().code()),
        None => error.to_string(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _infallible = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in [
            "15.18 (Debian 15.18-0+deb12u1)",
            "18.6",
            "19beta1",
            "15.2-YB-2.25",
        ] {
            assert_eq!(check_version(Some(good)), Ok(()), "{good}");
        }
        for old in [Some("14.9"), Some("9.6.24"), Some("CockroachDB"), Some(""), None] {
            let error = check_version(old).expect_err("too old");
            assert_eq!(error.kind, Reason::Version);
        }
    }

    #[test]
    fn our_settings_come_after_the_authors() {
        let options = Options::parse("postgres://u@h/d?options=-c%20search_path%3Dapp&statement_timeout=2s")
            .expect("text");
        let connector = Connector::new(options).expect("connector");
        let address = connector.options.addresses.first().expect("address").clone();
        assert_eq!(
            connector.config(&address, Purpose::Requests).get_options(),
            Some(
                "-c search_path=app -c statement_timeout=2000 -c lock_timeout=666 \
                 -c idle_in_transaction_session_timeout=10000"
            )
        );
        connector.found_pooler();
        assert_eq!(
            connector.config(&address, Purpose::Requests).get_options(),
            Some("-c search_path=app")
        );
    }
}
