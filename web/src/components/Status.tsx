import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { sentence } from "../api/format";
import { isBusy } from "../api/queries";

const GOOD = /^(RUNNING|TRAINING_COMPLETED|CREATE_COMPLETE|UPDATE_COMPLETE|COPYING_COMPLETED|CREATED)$/;

/** A state of the API with the sign that belongs to it. */
export function Status({ status }: { status: string }) {
  return <StatusIndicator type={sign(status)}>{sentence(status)}</StatusIndicator>;
}

function sign(status: string): StatusIndicatorProps.Type {
  if (isBusy(status)) return "in-progress";
  if (GOOD.test(status)) return "success";
  if (status.includes("FAILED")) return "error";
  return status === "STOPPED" ? "stopped" : "info";
}
