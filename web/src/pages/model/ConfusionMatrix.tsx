import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import type { Evaluation } from "../../api/types";

const LARGEST = 30;

/** What was taken for what: rows are the truth, columns what the model said. */
export function ConfusionMatrix({ confusion }: { confusion: Evaluation["Confusion"] }) {
  const { Labels: labels, Counts: counts } = confusion;
  const names = [...labels, "nothing"];
  const mixed = counts
    .flatMap((row, i) => row.map((number, j) => ({ number, truth: names[i] ?? "", said: names[j] ?? "", right: i === j })))
    .filter((cell) => cell.number && !cell.right)
    .sort((a, b) => b.number - a.number);
  return (
    <Container
      header={
        <Header variant="h2" description="A row is what there was, a column what the model said. “Nothing” as a column: missed. As a row: a false alarm.">
          Confusion matrix
        </Header>
      }
    >
      {labels.length <= LARGEST ? (
        // A region that scrolls has to be reached by the keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Confusion matrix">
          <table className="matrix">
            <thead>
              <tr>
                <th scope="col">was \ said</th>
                {names.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {counts.map((row, i) => {
                const most = Math.max(1, ...row);
                return (
                  <tr key={names[i]}>
                    <th scope="row">{names[i]}</th>
                    {row.map((number, j) => (
                      <td key={names[j]} data-kind={kind(number, i === j)} style={{ "--share": number / most } as React.CSSProperties}>
                        {i === labels.length && j === labels.length ? "" : number}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      ) : (
        <ol>
          {mixed.slice(0, 20).map((cell) => (
            <li key={`${cell.truth}/${cell.said}`}>
              {cell.number} × {cell.truth} taken for {cell.said}
            </li>
          ))}
        </ol>
      )}
      {mixed.length === 0 && <Box>Nothing was mixed up, missed or invented.</Box>}
    </Container>
  );
}

function kind(number: number, right: boolean): string {
  if (!number) return "none";
  return right ? "right" : "wrong";
}
