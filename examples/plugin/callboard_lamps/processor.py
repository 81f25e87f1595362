"""Relations from an annotation: `nightjar.example/lamps: north-1, north-2`."""

from app.errors import InputError
from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache, Relation
from catalog.model.refs import parse_ref, ref_of

ANNOTATION = "nightjar.example/lamps"


class LampProcessor(CatalogProcessor):
    """Whatever switches lamps depends on them. An annotation that is not a list of names is told as an error."""

    name = "LampProcessor"
    portable = True

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        listed = entity["metadata"].get("annotations", {}).get(ANNOTATION)
        if listed is None:
            return entity
        source = ref_of(entity)
        for name in str(listed).split(","):
            if not name.strip():
                raise InputError(f"{ANNOTATION} must be names with commas between them")
            lamp = str(parse_ref(name.strip(), default_kind="resource", default_namespace="default")).lower()
            emit.relation(Relation(source, "dependsOn", lamp))
            emit.relation(Relation(lamp, "dependencyOf", source))
        return entity
