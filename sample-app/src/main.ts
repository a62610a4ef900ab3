import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { followParent } from './parent-process.js';

// One homie. Start as many as you like, each with a PORT of its own (0 for any free one): without further configuration
// those of one machine find each other. GWYH_ZONE, GWYH_BIND, GWYH_PEERS and GWYH_KEYS are read by the library.
const app = await NestFactory.create(AppModule);
// Without this a signal ends the process before it can say goodbye, and the others have to find out by themselves.
app.enableShutdownHooks();
// Loopback unless told otherwise: this sample lets anyone who reaches it change prices.
await app.listen(process.env.PORT ?? 3000, process.env.HOST ?? '127.0.0.1');
followParent(app, await app.getUrl());
