import { Query, Resolver } from 'type-graphql';
import { listImageModels } from './image-model.queries.ts';
import { ImageModel } from './image-model.type.ts';

@Resolver(() => ImageModel)
export class ImageModelResolver {
  @Query(() => [ImageModel], { description: 'The models that can be run, each with all that a form needs.' })
  imageModels(): ImageModel[] {
    return listImageModels();
  }
}
