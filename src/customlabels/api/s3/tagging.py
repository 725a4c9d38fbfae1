"""The tags of objects."""

from __future__ import annotations

from customlabels.api.s3.call import NO_CONTENT, Answer, Call
from customlabels.api.s3.object_headers import check_tags
from customlabels.api.s3.settings import tag_pairs


def get_object_tagging(call: Call) -> Answer:
    call.require("s3:GetObjectTagging")
    tags = call.objects.tags(call.bucket, call.key)
    return Answer.xml("Tagging", [("TagSet", [("Tag", [("Key", k), ("Value", v)]) for k, v in tags.items()])])


def put_object_tagging(call: Call) -> Answer:
    call.require("s3:PutObjectTagging")
    call.objects.tag(call.bucket, call.key, check_tags(tag_pairs(call.document("Tagging"))))
    return Answer()


def delete_object_tagging(call: Call) -> Answer:
    call.require("s3:DeleteObjectTagging")
    call.objects.tag(call.bucket, call.key, {})
    return NO_CONTENT
