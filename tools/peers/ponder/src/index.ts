import { ponder } from "ponder:registry";
import { inference } from "ponder:schema";

ponder.on("Settlement:InferenceSettled", async ({ event, context }) => {
  await context.db.insert(inference).values({ id: event.id, block: event.block.number, ...event.args });
});
