"""A client of Sojourn, a service that assigns events to sessions."""

from .answer import Answer, Assignment, Revision, Session
from .batch import Batch
from .event import Context, Event
