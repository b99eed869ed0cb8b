//! Trust in the certificates of a file.
//!
//! Those of a file vouch for servers, as authorities do, and for themselves. A certificate as `openssl req -x509` makes it
//! is marked as an authority's (CA:TRUE), and as such webpki refuses it to a server, whoever vouches for it. OpenSSL, curl and
//! Python trust such a server when its very certificate is in the file, so this does too.
//!
//! That gives nobody more than they had: whoever has the key of an authority in the file could sign a certificate for
//! the server's name as well.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// TLS with servers for whose names one of these certificates vouches, or that present one of them.
///
/// # Errors
/// One of these cannot be used.
pub(super) fn config(certificates: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider =
        CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()));
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone())?;
    }
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Known { certificates, authorities }))
        .with_no_client_auth();
    // As `reqwest` has it where it makes the configuration itself.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether a certificate was refused only since it is an authority's.
pub(super) fn is_of_authority(error: &OtherError) -> bool {
    // The type behind it is webpki's, which is not exported. Should it ever be worded otherwise, it is refused as before.
    error.to_string() == "CaUsedAsEndEntity"
}

/// Who vouches: authorities for others, and certificates for themselves.
#[derive(Debug)]
struct Known {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let vouched =
            self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(refused) = vouched else { return vouched };
        // webpki looks at the dates before it looks whose the certificate is, and who vouches: the tests have certificates
        // that are in the file and good no longer, and not yet.
        let lacks_only_an_issuer = if let Error::InvalidCertificate(CertificateError::Other(other)) = &refused
        {
            is_of_authority(other)
        } else {
            refused == Error::InvalidCertificate(CertificateError::UnknownIssuer)
        };
        if !lacks_only_an_issuer || !self.certificates.iter().any(|known| known == end_entity) {
            return Err(refused);
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    // That the server has the key of its certificate is shown by these, whoever vouches for it.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}
