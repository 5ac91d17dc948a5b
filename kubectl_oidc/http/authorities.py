"""Read a file of certificate authorities. If it has no certificate, say what the file is instead."""

from __future__ import annotations

import re

PEM = rb"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
_LABEL = rb"-----BEGIN ([A-Z0-9 ]{1,40})-----"
_UTF16_BYTES = (b"\xff\xfe", b"\xfe\xff", b"-\0-\0", b"\0-\0-")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # 1.2.840.113549.1.7.2, RFC 5652 §5.1
# RFC 7292 §4: version 3, then a sequence.
_PKCS12 = rb"\x30[\x80-\x84][\x00-\xff]{0,4}\x02\x01\x03\x30"

_PEM_HINT = "give the authority's certificate in PEM form (-----BEGIN CERTIFICATE-----)"

_UTF16_HINT = "save it as UTF-8 or ASCII: `Get-Content FILE | Set-Content -Encoding ascii NEW`, or `iconv -f UTF-16 -t UTF-8 FILE >NEW`"
_PKCS12_HINT = "extract the certificates: `openssl pkcs12 -cacerts -nokeys -in FILE -out NEW`"


def certificates(data: bytes) -> bytes:
    """Return the PEM certificates in a file, without white space around lines; all of ``data`` if it has none."""
    blocks = re.findall(PEM, data)
    return b"\n".join(line.strip() for block in blocks for line in block.splitlines()) if blocks else data


def explain_unusable(data: bytes) -> tuple[str, str]:
    """Return what a file without a readable certificate is, and a hint, both for an error message."""
    label = re.search(_LABEL, data)
    name = label[1].decode("ascii") if label else ""
    signed = name in {"PKCS7", "CMS"} or _SIGNED_DATA in data[:32]
    take_out = f"openssl pkcs7{'' if name else ' -inform DER'} -print_certs -in FILE -out NEW"
    kinds = (
        (not data.strip(), "is empty", _PEM_HINT),
        (data.startswith(_UTF16_BYTES), "is text in UTF-16, as PowerShell writes it", _UTF16_HINT),
        (signed, "is PKCS#7, not PEM certificates", f"extract the certificates: `{take_out}`"),
        (re.match(_PKCS12, data), "is PKCS#12, not PEM certificates", _PKCS12_HINT),
        (
            name.endswith("PRIVATE KEY"),
            "holds a private key, and no certificate",
            f"{_PEM_HINT}; keep the key out of it",
        ),
        (
            name not in {"", "CERTIFICATE"},
            f"holds a {name.lower()}, and no certificate that can be read",
            _PEM_HINT,
        ),
    )
    found = ((what, hint) for is_it, what, hint in kinds if is_it)
    return next(found, ("holds no certificate that can be read", _PEM_HINT))
