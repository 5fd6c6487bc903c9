"""`POST /process`."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends

from api.documents.schemas import Analysis, Document
from api.documents.service import DocumentService
from api.web.dependencies import provide
from api.web.responses import error_responses

router = APIRouter(tags=["documents"])


@router.post("/process", responses=error_responses(413, 422, 503))
async def process_document(
    document: Document,
    tasks: BackgroundTasks,
    service: Annotated[DocumentService, Depends(provide(DocumentService))],
) -> Analysis:
    """Analyse a text: sent with the request, or fetched from an address."""
    return await service.process(document, tasks.add_task)
