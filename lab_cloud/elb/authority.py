"""A certificate authority of this machine, for listeners whose certificate was requested and not imported.

On AWS a requested certificate is signed by Amazon's authority, which every client knows. Here one is made when the
first HTTPS listener needs it, in ``.lab/tls/``; nobody trusts it by itself, and it is put into no trust store. A client
is told of its file: ``curl --cacert``, ``requests.get(url, verify=...)``. Private keys are readable by their owner
alone.
"""

import datetime
import hashlib
import tempfile
import threading
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from .. import system

FOLDER = "tls"
CA_FILE, CA_KEY_FILE = "ca.pem", "ca.key"
CA_NAME = "Containers on AWS: this machine's own authority"
HERE = ("localhost", "127.0.0.1")
_MAKING = threading.Lock()
"""Two that come at once would make two authorities."""
YEAR = datetime.timedelta(days=365)
HOUR = datetime.timedelta(hours=1)


def ca_file(home: Path) -> Path:
    """Where the authority's certificate is, in the folder `.lab/`; there from the first HTTPS listener on."""
    return home / FOLDER / CA_FILE


class Authority:
    """The authority, made on first use and kept across restarts.

    Parameters
    ----------
    home : Path or None
        The folder `.lab/`; None is a temporary one.
    """

    def __init__(self, home: Path | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True) if home is None else None
        self.folder = home / FOLDER if home is not None else Path(self._temporary.name if self._temporary else ".")
        self.ca_file = self.folder / CA_FILE
        self._pair: tuple[Any, Any] | None = None

    def issue(self, names: Iterable[str]) -> Path:
        """A file with a private key, a certificate for these names, and the authority's own.

        Parameters
        ----------
        names : iterable of str
            Host names, with or without a leading ``*.``, and addresses; those of this machine are added.
        """
        wanted = sorted({*names, *HERE})
        certificate, key = self._authority()
        mark = hashlib.sha256("\n".join((_pem(certificate), *wanted)).encode()).hexdigest()[:20]
        file = self.folder / f"{mark}.pem"
        if not file.exists():
            system.write_private(file, _issued(wanted, certificate, key))
        return file

    def keep(self, pem: str) -> Path:
        """A file with a key and certificates that somebody imported."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{hashlib.sha256(pem.encode()).hexdigest()[:20]}.pem"
        if not file.exists():
            system.write_private(file, pem)
        return file

    def _authority(self) -> tuple[Any, Any]:
        with _MAKING:
            if self._pair is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._pair = self._read() or self._make()
            return self._pair

    def _read(self) -> tuple[Any, Any] | None:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = load_pem_private_key((self.folder / CA_KEY_FILE).read_bytes(), None)
        except (OSError, ValueError):
            return None
        if certificate.not_valid_after_utc < _now() + YEAR / 2 or key.public_key() != certificate.public_key():
            return None
        return certificate, key

    def _make(self) -> tuple[Any, Any]:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, CA_NAME)])
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            _builder(name, name, key.public_key(), 10 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        system.write_private(self.folder / CA_KEY_FILE, _key_pem(key))
        self.ca_file.write_text(_pem(certificate), encoding="ascii")
        return certificate, key


def _issued(names: list[str], authority: Any, authority_key: Any) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    hosts = [name for name in names if not _is_address(name)]
    subject = next((name for name in hosts if name != "localhost" and len(name) <= 64), "localhost")
    certificate = (
        _builder(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]),
            authority.subject,
            key.public_key(),
            authority.not_valid_after_utc - _now() - HOUR,
        )
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return _key_pem(key) + _pem(certificate) + _pem(authority)


def _builder(subject: Any, issuer: Any, public_key: Any, lasts: datetime.timedelta) -> Any:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - HOUR)
        .not_valid_after(_now() + lasts)
    )


def _usage(*, signs_certificates: bool) -> Any:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> Any:
    from cryptography import x509

    return x509.IPAddress(ip_address(name)) if _is_address(name) else x509.DNSName(name)


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _pem(certificate: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return str(certificate.public_bytes(Encoding.PEM).decode())


def _key_pem(key: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    return str(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
