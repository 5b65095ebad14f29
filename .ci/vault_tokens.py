"""A detector for detect-secrets: tokens of Vault and OpenBao, which it does not know."""

import re
from typing import ClassVar

from detect_secrets.plugins.base import RegexBasedDetector


class VaultTokenDetector(RegexBasedDetector):
    """Service, batch and recovery tokens, also of before Vault 1.10."""

    secret_type = "Vault token"  # noqa: S105 - its name in reports
    denylist: ClassVar[tuple[re.Pattern[str], ...]] = (
        re.compile(r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
        re.compile(r"(?<![\w./-])[sbr]\.[A-Za-z0-9]{24}\b"),
    )
