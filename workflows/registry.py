"""The workflows that a worker registers."""

from workflows.joiner import JoinerWorkflow
from workflows.leaver import LeaverWorkflow
from workflows.mover import MoverWorkflow
from workflows.person import PersonWorkflow

WORKFLOWS = [PersonWorkflow, JoinerWorkflow, MoverWorkflow, LeaverWorkflow]
