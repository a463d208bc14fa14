"""The TLS side of an HTTPS listener: its certificates, chosen by the name that the client asks for, and its policy.

HTTP/2 is not offered: clients are told ``http/1.1`` (ALPN), whatever the attribute ``routing.http2.enabled`` says.

References
----------
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
"""

import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from .authority import Authority
from .model import Certificate

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


@lru_cache(maxsize=1)
def unverified() -> ssl.SSLContext:
    """For targets that speak HTTPS: encrypted, but nobody asks whose certificate it is, as on AWS."""
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


class Tls:
    """What a door shows its clients.

    Parameters
    ----------
    authority : Authority
        Signs what was requested and not imported.
    dns_name : str
        The load balancer's own, for which such a certificate also holds.
    """

    def __init__(self, authority: Authority, dns_name: str) -> None:
        self._authority = authority
        self._dns_name = dns_name
        self._seen: object = None
        self._by_name: dict[str, ssl.SSLContext] = {}
        self._default: ssl.SSLContext | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.sni_callback = self._choose

    def change(self, certificates: Iterable[Certificate], protocols: tuple[str, ...]) -> str:
        """Show other certificates from the next connection on.

        Parameters
        ----------
        certificates : iterable of Certificate
            The default one first.
        protocols : tuple of str
            The policy's versions, as AWS names them.

        Returns
        -------
        str
            What is wrong; empty when all is well.
        """
        wanted = tuple(certificates)
        if (wanted, protocols) == self._seen:
            return ""
        if not wanted:
            return "This listener has no certificate."
        contexts = []
        for one in wanted:
            try:
                contexts.append(_context(self._file(one), protocols))
            except (OSError, ValueError) as error:  # an SSLError is an OSError
                return f"The certificate {one.arn} cannot be used: {error}."
        by_name: dict[str, ssl.SSLContext] = {}
        for one, context in zip(wanted, contexts, strict=True):
            for name in one.names:
                by_name.setdefault(name.lower(), context)
        self._limit(protocols)
        self.context.load_cert_chain(self._file(wanted[0]))
        self._by_name, self._default, self._seen = by_name, contexts[0], (wanted, protocols)
        return ""

    def _file(self, certificate: Certificate) -> Path:
        if certificate.pem:
            return self._authority.keep(certificate.pem)
        return self._authority.issue((*certificate.names, self._dns_name))

    def _limit(self, protocols: tuple[str, ...]) -> None:
        self.context.minimum_version, self.context.maximum_version = _versions(protocols)

    def _choose(self, connection: Any, name: str | None, _context: ssl.SSLContext) -> None:
        # called for every client that names a host: first the name itself, then one wildcard in front of it
        wanted = (name or "").lower()
        wildcard = "*." + wanted.partition(".")[2]
        found = self._by_name.get(wanted) or self._by_name.get(wildcard) or self._default
        if found is not None:
            connection.context = found


def _context(file: Path, protocols: tuple[str, ...]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    made.minimum_version, made.maximum_version = _versions(protocols)
    made.set_alpn_protocols(["http/1.1"])
    return made


def _versions(protocols: tuple[str, ...]) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    # Python warns of the versions before 1.2, which OpenSSL mostly refuses by now; nobody needs them here
    known = [VERSIONS[name] for name in protocols if name in ("TLSv1.2", "TLSv1.3")]
    return (min(known), max(known)) if known else (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
