import { Module } from '@nestjs/common';
import { GwyhModule } from 'nestjs-gwyh';
import { ClusterController } from './cluster/cluster.controller.js';
import { ProductsModule } from './products/products.module.js';

@Module({
  imports: [GwyhModule.forRoot(), ProductsModule],
  controllers: [ClusterController],
})
export class AppModule {}
