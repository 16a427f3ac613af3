"""The frozen sections of what may be done elsewhere: hearing answers, helping to judge them."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mulakat.settings.kinds import MIB, Bytes, names_loopback, setting

PROVIDER_URLS = {
    "openai": "https://api.openai.com/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
}
"""The providers' own servers."""

SPEECH_MODELS = {"openai": "whisper-1", "gemini": "gemini-2.5-flash"}
"""What hears where no model is named; whisper-1 is OpenAI's only one that times words."""

_BASE_ADDRESS = r"https?://[^\s/@?#]+(/[^\s?#]*)?"


def _other_machine(url: str) -> str | None:
    host = urlsplit(url).hostname
    return None if host is None or names_loopback(host) else host


WHISPER_MODELS = ("tiny", "base", "small", "large-v3-turbo")
"""From small to large; what each takes is in mulakat.memory.ladder."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Who hears the answers: the model installed here, or a server elsewhere."""

    speech_engine: str = setting(
        "whisper",
        "Who turns speech into words: whisper (installed here, nothing leaves), openai (any server "
        "with /audio/transcriptions) or gemini. When one elsewhere fails, the installed model "
        "hears the answer, if the memory holds it.",
        choices=("whisper", "openai", "gemini"),
    )
    speech_model: str = setting(
        "",
        "whisper: tiny, base, small or large-v3-turbo; empty: the largest installed one that the "
        "memory holds. Else the provider's name of its model; empty: whisper-1 or "
        "gemini-2.5-flash.",
    )
    speech_url: str = setting(
        "",
        "Base address of the server (http://127.0.0.1:8001/v1). Empty: the provider's own.",
        pattern=_BASE_ADDRESS,
        shape="http:// or https://",
    )
    speech_key: str = setting(
        "", "Key for that server; sent to it alone. Needed for the provider's own.", secret=True
    )
    speech_timeout: float = setting(
        120.0, "Seconds that one answer's requests to that server may take in all.", low=1, high=600
    )
    model_dir: Path | None = setting(
        None,
        "Folder of the installed speech model. Empty: one in share/mulakat/models in the Python "
        "environment, where `mulakat model install` puts it.",
    )
    threads: int = setting(0, "Threads for recognition; 0: one for each core.", low=0)
    idle_ttl: float = setting(
        300.0, "Seconds after its last use until the model is let go and its memory given back.",
        low=0,
    )  # fmt: skip
    deadline: float = setting(
        900.0, "Seconds that processing one answer may take before it is stopped.", low=1
    )

    @property
    def provider_model(self) -> str:
        """The provider's name of the model that hears; of no meaning for whisper."""
        return self.speech_model or SPEECH_MODELS[self.speech_engine]

    @property
    def url(self) -> str:
        """Where recordings are sent; empty: nowhere."""
        if self.speech_engine == "whisper":
            return ""
        return self.speech_url or PROVIDER_URLS[self.speech_engine]

    @property
    def host(self) -> str | None:
        """The other machine that recordings are sent to, None where they stay on this one."""
        return _other_machine(self.url)


@dataclass(frozen=True, slots=True)
class Language:
    """A language model that helps to judge answers; what they say is then sent to it."""

    language_model: str = setting(
        "none",
        "none (the rubric alone, nothing is sent), openai (every server that speaks its chat "
        "completions: Ollama, vLLM, the llama.cpp server) or gemini.",
        choices=("none", "openai", "gemini"),
    )
    language_model_name: str = setting(
        "", "The provider's name of the model; needed where one is chosen."
    )
    language_url: str = setting(
        "",
        "Base address of the server (http://127.0.0.1:11434/v1). Empty: the provider's own.",
        pattern=_BASE_ADDRESS,
        shape="http:// or https://",
    )
    language_key: str = setting(
        "", "Key for that server; sent to it alone. Needed for the provider's own.", secret=True
    )
    language_timeout: float = setting(
        60.0, "Seconds that one answer's requests to it may take in all; then the rubric's result "
        "stands.", low=1, high=600,
    )  # fmt: skip
    language_samples: int = setting(
        1, "Times that it judges an answer. From two on their mean counts and their spread is "
        "told; each costs as much as the first.", low=1, high=9,
    )  # fmt: skip
    language_band: int = setting(
        15, "Points of 100 that it may move a criterion away from the rubric's.", low=0, high=100
    )

    @property
    def url(self) -> str:
        """Where answers are sent; empty: nowhere."""
        if self.language_model == "none":
            return ""
        return self.language_url or PROVIDER_URLS[self.language_model]

    @property
    def host(self) -> str | None:
        """The other machine that answers are sent to, None where they stay on this one."""
        return _other_machine(self.url)


VOICE_MODELS = {"openai": "gpt-4o-mini-tts", "gemini": "gemini-2.5-flash-preview-tts"}
VOICE_NAMES = {"openai": "alloy", "gemini": "Kore"}
"""Who reads where nobody is named."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who reads the questions aloud: the reader's browser, this server, or one elsewhere."""

    voice_engine: str = setting(
        "browser",
        "browser (the reader's own, nothing is sent), espeak (espeak-ng on this server; `make "
        "voice` installs it), openai (any server with /audio/speech) or gemini. When it fails, "
        "the browser's reads.",
        choices=("browser", "espeak", "openai", "gemini"),
        web_only=True,
    )
    voice_model: str = setting(
        "",
        "The provider's name of the model; empty: gpt-4o-mini-tts or gemini-2.5-flash-preview-tts.",
        web_only=True,
    )
    voice_name: str = setting(
        "",
        "Who reads where a candidate names nobody the engine knows; empty: alloy, Kore, or "
        "espeak-ng's voice of the language.",
        pattern=r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}",
        shape="the name of a voice",
        web_only=True,
    )
    voice_url: str = setting(
        "",
        "Base address of the server (http://127.0.0.1:8880/v1). Empty: the provider's own.",
        pattern=_BASE_ADDRESS,
        shape="http:// or https://",
        web_only=True,
    )
    voice_key: str = setting(
        "", "Key for that server; sent to it alone. Needed for the provider's own.", secret=True,
        web_only=True,
    )  # fmt: skip
    voice_timeout: float = setting(
        20.0, "Seconds that one question's requests to that server may take in all; then the "
        "browser reads.", low=1, high=120, web_only=True,
    )  # fmt: skip
    voice_cache: Bytes = setting(
        Bytes(64 * MIB), "Most disk for questions that were said, kept for a day at most.",
        low=32 * MIB, web_only=True,
    )  # fmt: skip

    @property
    def provider_model(self) -> str:
        """The provider's name of the model that reads; empty where nothing is sent."""
        return self.voice_model or VOICE_MODELS.get(self.voice_engine, "")

    @property
    def usual(self) -> str:
        """Who reads where nobody is named; empty: the language's usual voice."""
        return self.voice_name or VOICE_NAMES.get(self.voice_engine, "")

    @property
    def url(self) -> str:
        """Where questions are sent; empty: nowhere."""
        if self.voice_engine not in PROVIDER_URLS:
            return ""
        return self.voice_url or PROVIDER_URLS[self.voice_engine]

    @property
    def host(self) -> str | None:
        """The other machine that questions are sent to, None where they stay on this one."""
        return _other_machine(self.url)
