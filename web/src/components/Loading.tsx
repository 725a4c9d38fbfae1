import Spinner from "@cloudscape-design/components/spinner";

/** Stands where something is still read from the server; unseen at first, since that is mostly soon over. */
export function Loading() {
  return (
    <div className="loading" role="status">
      <Spinner size="large" />
      <span className="visually-hidden">Loading</span>
    </div>
  );
}
