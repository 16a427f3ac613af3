"""Language models elsewhere: they judge within the rubric's bounds, and may phrase a question."""

from mulakat.providers.exchange import Address, Limits
from mulakat.providers.language.gemini import Gemini
from mulakat.providers.language.openai_compatible import OpenAICompatible
from mulakat.providers.language.protocol import LanguageModel
from mulakat.providers.remote import Remote, Service, Times
from mulakat.settings import Language

OPENAI_URL = "https://api.openai.com/v1"
GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta"

MOST_BYTES = 512 * 1024
"""Of a response; a judgement has about 2 KiB, a list of models up to 100."""


def connect(language: Language, times: Times | None = None) -> LanguageModel:
    """Return the language model that the settings choose; nothing is sent yet."""
    key = language.language_key
    limits = Limits(read=language.language_timeout, most_bytes=MOST_BYTES)
    if language.language_model == "gemini":
        headers = {"x-goog-api-key": key} if key else {}
        address = Address.of(language.language_url or GEMINI_URL)
        name = language.language_model_name.removeprefix("models/")
        return Gemini(Remote(Service("gemini", name, address, headers, limits), times))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = Address.of(language.language_url or OPENAI_URL)
    name = language.language_model_name
    return OpenAICompatible(Remote(Service("openai", name, address, headers, limits), times))
