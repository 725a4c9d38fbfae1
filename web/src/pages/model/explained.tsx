import Box from "@cloudscape-design/components/box";
import HelpPanel from "@cloudscape-design/components/help-panel";

/** The measures, in the words of somebody who looks for puppies among kittens. */
export const EXPLAINED = {
  f1: {
    title: "F1 score",
    paragraphs: [
      "One number for how good the model is, from 0 (always wrong) to 1 (always right).",
      "Think of a basket with kittens and puppies. You ask the model for all puppies. It makes two kinds of mistakes: it hands you a kitten and calls it a puppy, or it leaves a puppy in the basket. Precision counts the first kind, recall the second. The F1 score is high only if both are: it is their harmonic mean.",
      "With several labels it is the mean over the labels.",
    ],
  },
  precision: {
    title: "Precision",
    paragraphs: [
      "Of all that the model called a puppy, how much really was one?",
      "It hands you ten animals and says they are puppies. Nine are, one is a kitten: the precision is 9 of 10, 0.9.",
      "A model that is careful has a high precision, but it may miss puppies. A higher threshold makes it more careful.",
    ],
  },
  recall: {
    title: "Overall recall",
    paragraphs: [
      "Of all puppies there are, how many did the model find?",
      "Twelve puppies sit in the basket, and the model finds nine of them: the recall is 9 of 12, 0.75.",
      "A model that calls everything a puppy finds all of them, but hands you the kittens, too. A lower threshold finds more.",
    ],
  },
  averagePrecision: {
    title: "Average precision",
    paragraphs: [
      "How precise the model is on average, when you let the threshold go from strict to generous until all puppies are found.",
      "It does not depend on one threshold. A box counts as right where it covers the true one by half or more (intersection over union of 0.5), and the mean over the labels is taken.",
    ],
  },
  threshold: {
    title: "Assumed threshold",
    paragraphs: [
      "The model says how sure it is: “I am 80 % sure that this is a puppy.” The threshold is how sure it must be for us to believe it.",
      "For each label the threshold is chosen at which the F1 score on the test images is best. When you ask the model without a threshold of your own, it uses this one.",
    ],
  },
} as const;

export function Explanation({ topic }: { topic: keyof typeof EXPLAINED }) {
  const { title, paragraphs } = EXPLAINED[topic];
  return (
    <HelpPanel header={<h2>{title}</h2>}>
      {paragraphs.map((text) => (
        <Box key={text} variant="p">
          {text}
        </Box>
      ))}
    </HelpPanel>
  );
}
