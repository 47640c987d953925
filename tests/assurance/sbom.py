"""The bill of materials of what is served, as CycloneDX 1.6, from the lock: what, which version, which hashes, why.

https://cyclonedx.org/docs/1.6/json/; each wheel of a package is a distribution with its hash, as pip checks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tests.assurance.locks import Pin

ROOT = "muster"


def written(pins: Sequence[Pin], licences: Mapping[str, str], version: str) -> str:
    """Return the bill as JSON. Raises ValueError when it is not what CycloneDX's own schema asks for."""
    root = Component(name=ROOT, version=version, type=ComponentType.APPLICATION, bom_ref=ROOT)
    bom = Bom()
    bom.metadata.component = root
    parts = {(pin.name, pin.version): _part(pin, licences.get(pin.name, "")) for pin in pins}
    bom.components.update(parts.values())
    for owner in (root, *parts.values()):
        needs = [parts[pin.name, pin.version] for pin in pins if owner.name in pin.wanted_by]
        bom.register_dependency(owner, needs)
    text: str = JsonV1Dot6(bom).output_as_string(indent=2)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise ValueError(f"not CycloneDX 1.6: {problem}")
    return text


def _part(pin: Pin, licence: str) -> Component:
    address = PackageURL("pypi", name=pin.name, version=pin.version)
    wheels = [
        ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"{address}#{digest[:12]}"),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )
        for digest in pin.hashes
    ]
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(address),
        purl=address,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        external_references=wheels,
        properties=[Property(name="muster:only-where", value=pin.marker)] if pin.marker else [],
    )
