"""All that others see of the catalog: its model of an entity, what may be added to it, and its ports.

Plugins add processors, providers and placeholders through `CatalogExtensions`; they read through
`EntitiesCatalog` and write through providers and `Locations`.
"""

from catalog.interfaces.basics import Entity as Entity
from catalog.interfaces.basics import Json as Json
from catalog.interfaces.basics import Query as Query
from catalog.interfaces.changing import CatalogControl as CatalogControl
from catalog.interfaces.changing import Locations as Locations
from catalog.interfaces.changing import ScmPush as ScmPush
from catalog.interfaces.changing import ScmRepositoryChange as ScmRepositoryChange
from catalog.interfaces.emissions import CatalogExtensions as CatalogExtensions
from catalog.interfaces.emissions import CatalogProcessor as CatalogProcessor
from catalog.interfaces.emissions import DeferredEntity as DeferredEntity
from catalog.interfaces.emissions import DeltaMutation as DeltaMutation
from catalog.interfaces.emissions import Emit as Emit
from catalog.interfaces.emissions import EntityProvider as EntityProvider
from catalog.interfaces.emissions import FullMutation as FullMutation
from catalog.interfaces.emissions import LocationAnalyzer as LocationAnalyzer
from catalog.interfaces.emissions import LocationSpec as LocationSpec
from catalog.interfaces.emissions import MutationResult as MutationResult
from catalog.interfaces.emissions import OrgItem as OrgItem
from catalog.interfaces.emissions import OrgTransformer as OrgTransformer
from catalog.interfaces.emissions import OrgTransformers as OrgTransformers
from catalog.interfaces.emissions import PlaceholderContext as PlaceholderContext
from catalog.interfaces.emissions import PlaceholderResolver as PlaceholderResolver
from catalog.interfaces.emissions import ProcessorCache as ProcessorCache
from catalog.interfaces.emissions import ProviderConnection as ProviderConnection
from catalog.interfaces.emissions import Relation as Relation
from catalog.interfaces.entities import EntitiesCatalog as EntitiesCatalog
from catalog.interfaces.entities import FacetValue as FacetValue
from catalog.interfaces.entities import FullText as FullText
from catalog.interfaces.entities import Order as Order
from catalog.interfaces.entities import Page as Page
from catalog.interfaces.entities import PageRequest as PageRequest
from catalog.interfaces.feed import EntityChange as EntityChange
from catalog.interfaces.feed import EntityVisibility as EntityVisibility
from catalog.interfaces.feed import RevisionFeed as RevisionFeed
from catalog.interfaces.feed import RevisionsLostError as RevisionsLostError
from catalog.interfaces.feed import StoredEntity as StoredEntity
from catalog.interfaces.incremental import IncrementalEntityProvider as IncrementalEntityProvider
from catalog.interfaces.incremental import IngestionPace as IngestionPace
from catalog.interfaces.incremental import SourcePage as SourcePage
from catalog.interfaces.passes import Cause as Cause
from catalog.interfaces.passes import ProcessingResult as ProcessingResult
from catalog.interfaces.passes import RegisteredLocation as RegisteredLocation
