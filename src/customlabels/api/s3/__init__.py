"""The part of S3 that clients of Custom Labels use, path style: /BUCKET/KEY?SUB-RESOURCE.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from customlabels.api.s3.answering import handle, refuse

__all__ = ["handle", "refuse"]
