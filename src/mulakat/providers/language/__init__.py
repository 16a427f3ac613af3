"""Language models elsewhere: they judge answers within the rubric's bounds."""

from mulakat.providers.exchange import Address, Limits
from mulakat.providers.language.gemini import Gemini
from mulakat.providers.language.openai_compatible import OpenAICompatible
from mulakat.providers.language.protocol import LanguageModel
from mulakat.providers.remote import Remote, Service, Times
from mulakat.settings import Language

MOST_BYTES = 512 * 1024
"""Of a response; a judgement has about 2 KiB, a list of models up to 100."""


def connect(language: Language, times: Times | None = None) -> LanguageModel:
    """Return the language model that the settings choose; nothing is sent yet."""
    key, name = language.language_key, language.language_model_name
    address = Address.of(language.url)
    limits = Limits(read=language.language_timeout, most_bytes=MOST_BYTES)
    if language.language_model == "gemini":
        headers = {"x-goog-api-key": key} if key else {}
        service = Service("gemini", name.removeprefix("models/"), address, headers, limits)
        return Gemini(Remote(service, times))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return OpenAICompatible(Remote(Service("openai", name, address, headers, limits), times))
