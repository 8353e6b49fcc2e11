"""The line that a telephone or a mail program puts at the end of every mail by itself.

Rule: a closed list of beginnings, and of what may follow. Any other word is the writer's own: such
a line above a quote must not make a mail of a word look like one without.
"""

import re

MAX_DEVICE_CHARS = 120
_SAYS = re.compile(
    r"(?:sent (?:from|via|with)|get outlook|gesendet (?:von|mit)|holen sie sich outlook"
    r"|(?:diese nachricht wurde )?von meinem(?P<de>.{1,60}) gesendet"
    r"|envoyé (?:de|depuis|à partir de)|télécharger outlook|obtenir outlook"
    r"|enviado (?:desde|do|a partir do)"
    r"|obtener outlook|obter o outlook|inviato da(?:l)?|scarica outlook|ottieni outlook"
    r"|(?:verzonden|verstuurd) vanaf|download outlook"
    r"|skickat från|sendt fra|lähetetty|wysłane z|pobierz aplikację|odesláno z|отправлено (?:с|из)"  # noqa: RUF001 - Russian
    r"|(?P<ja>.{1,40})から送信|發自(?:我的)?|发自(?:我的)?|從我的(?P<zh>.{1,40})傳送|傳送自(?:我的)?)(?P<what>.{0,80})",
    re.IGNORECASE,
)
_KNOWN = frozenset(
    [
        "my", "mon", "ma", "mi", "meu", "mio", "mijn", "min", "meinem", "mein", "moj", "mého",
        "mojego", "моего", "device", "phone", "mobile", "smartphone", "telefon", "telefonu",
        "handy", "mobiltelefon", "móvil", "téléphone", "cellulare", "gerät", "android-gerät",
        "appareil", "tablet", "iphone", "iphone\u2019a", "iphone'a", "iphonu", "iphonie", "ipad",
        "ipadu", "ipod", "mac", "apple", "watch", "android", "galaxy", "samsung", "huawei",
        "xiaomi", "redmi", "pixel", "google", "nokia", "motorola", "oneplus", "sony", "xperia",
        "htc", "lg", "fairphone", "blackberry", "windows", "ios", "outlook", "mail", "email",
        "e-mail", "app", "yahoo", "gmail", "proton", "protonmail", "k-9", "thunderbird", "aquamail",
        "bluemail", "secure", "for", "on", "with", "using", "from", "the", "für", "mit", "pour",
        "avec", "para", "con", "per", "com", "voor", "met", "för", "til", "med", "dla", "systemu",
        "pro", "для", "wireless", "4g", "lte", "5g", "please", "excuse", "brevity", "any", "typos",
        "excusez", "briéveté", "kürze",
    ]
)  # fmt: skip
_LINK = re.compile(r"<https?://\S{1,200}>|https?://\S{1,200}")


def is_device_line(line: str) -> bool:
    """Tell whether a line is what a telephone or a program says of itself, and no word more."""
    match = _SAYS.fullmatch(_LINK.sub("", line.strip()[:MAX_DEVICE_CHARS]).strip())
    if match is None:
        return False
    words = [one for part in match.group("de", "ja", "zh", "what") for one in (part or "").split()]
    bare = [one.strip(".,!()").lower() for one in words]
    return bool(bare) and all(one in _KNOWN or one.isdecimal() or not one for one in bare)
