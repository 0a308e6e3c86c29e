//! TLS to the database.
//!
//! Role: turns `sslmode` and `sslrootcert` into what the driver needs; the one place that knows the adapter.
//! Invariant: the cryptography is aws-lc, given by name, never a default of the process; a certificate goes
//! unverified only where libpq would not verify it either.
//! Not here: which modes may be combined with which roots (options).

use crate::options::{Encryption, Mode, OpenError, Roots};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What makes connections of sockets.
pub(crate) type MakeTls = MakeRustlsConnect;

/// Reads the certificates that the mode needs.
pub(crate) fn make(encryption: &Encryption) -> Result<MakeTls, OpenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Certificates(error.to_string()))?;
    let mut config = match verifier(encryption, &provider)? {
        Verifier::Full(roots) => builder.with_root_certificates(roots).with_no_client_auth(),
        Verifier::Own(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth(),
    };
    if encryption.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

/// Whether the handshake failed, not the socket or the server's judgement.
pub(crate) fn handshake_failed(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = error.source();
    }
    false
}

enum Verifier {
    Full(RootCertStore),
    Own(Arc<dyn ServerCertVerifier>),
}

fn verifier(encryption: &Encryption, provider: &Arc<CryptoProvider>) -> Result<Verifier, OpenError> {
    let anybody = || -> Verifier { Verifier::Own(Arc::new(Anybody(Arc::clone(provider)))) };
    match (encryption.mode, &encryption.roots) {
        (Mode::Disable, _) | (Mode::Prefer | Mode::Require, Roots::System) => Ok(anybody()),
        (Mode::VerifyFull, from) => roots(from).map(Verifier::Full),
        (Mode::Prefer | Mode::Require | Mode::VerifyCa, from) => {
            let inner =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots(from)?), Arc::clone(provider))
                    .build()
                    .map_err(|error| OpenError::Certificates(error.to_string()))?;
            Ok(Verifier::Own(Arc::new(AnyName(inner))))
        }
    }
}

fn roots(from: &Roots) -> Result<RootCertStore, OpenError> {
    match from {
        Roots::System => system_roots(),
        Roots::File(path) => file_roots(path),
    }
}

fn system_roots() -> Result<RootCertStore, OpenError> {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _unreadable) = store.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(OpenError::Certificates(
            "the operating system has none; name a file with `sslrootcert`".to_owned(),
        ));
    }
    Ok(store)
}

fn file_roots(path: &Path) -> Result<RootCertStore, OpenError> {
    let fault = |why: &dyn std::fmt::Display| {
        OpenError::Certificates(format!("`sslrootcert` {}: {why}", path.display()))
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))? {
        let certificate = certificate.map_err(|error| fault(&error))?;
        store.add(certificate).map_err(|error| fault(&error))?;
    }
    if store.is_empty() {
        return Err(fault(&"there is no certificate in it"));
    }
    Ok(store)
}

/// Believes every certificate. That its owner holds the key is still checked: with channel binding the
/// password then proves who it is.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// `verify-ca`: everything is verified but the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            // The name is looked at last: all else held.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
